package sim

// shelf is the vocabulary of one category. things stand without an article ("Salt"), places
// and people follow "the" ("the Rigging"), moods are adjectives.
type shelf struct {
	name   string
	things []string
	places []string
	moods  []string
}

// shelves lists the categories. Their order is part of a world: changing it changes every seed.
var shelves = []shelf{
	{"sea",
		[]string{"Salt", "Spray", "Driftwood", "High Water", "Foghorns", "Knots", "Ballast", "Herring", "Slack Tide", "Oilskins", "Northerlies", "Amber", "Lanterns", "Swell"},
		[]string{"Rigging", "Lighthouse", "Estuary", "Crow's Nest", "Lower Deck", "Breakwater", "Shallows", "Ferry", "Trawler", "Far Shoal", "Gale", "Harbour Bar"},
		[]string{"Quiet", "Salt-White", "Becalmed", "Windward", "Long", "Outbound", "Unsounded", "Weathered"}},
	{"mystery",
		[]string{"Fingerprints", "Alibis", "Footsteps", "Whispers", "Small Lies", "Keys", "Cold Tea", "Missing Pages", "Witnesses", "Ash", "Ciphers", "Nightfall"},
		[]string{"Boathouse", "Locked Attic", "Customs House", "Back Stairs", "Vestry", "Pawnshop", "Cellar", "Night Train", "Tenth Room", "Auction", "Quay"},
		[]string{"Silent", "Crooked", "Unsigned", "Vanishing", "Patient", "Borrowed", "Second", "Nameless"}},
	{"romance",
		[]string{"Valentines", "Dances", "Ribbons", "Promises", "Second Glances", "Hearts", "Weddings", "Postcards", "Roses", "Summers", "Serenades"},
		[]string{"Bandstand", "Promenade", "Ballroom", "Tea Garden", "Garden Gate", "Harbour Café", "Orchard Swing", "Boarding House", "Veranda", "Last Waltz"},
		[]string{"Tender", "Unlikely", "Barefoot", "Reluctant", "Hopeful", "Lovestruck", "Moonlit", "Shy"}},
	{"history",
		[]string{"Charters", "Empires", "Muskets", "Tollgates", "Silk", "Ledgers", "Treaties", "Looms", "Crowns", "Ropewalks", "Mutinies"},
		[]string{"Guildhall", "Old Quarter", "Shipyard", "Garrison", "Spice Market", "Abbey", "Customs Wall", "Royal Dock", "Archive", "Blockade"},
		[]string{"Forgotten", "Iron", "Lost", "Ancient", "Besieged", "Gilded", "Divided", "Last"}},
	{"science",
		[]string{"Orbits", "Plankton", "Magnets", "Comets", "Currents", "Isotopes", "Proofs", "Fossils", "Barometers", "Gravity", "Neurons"},
		[]string{"Observatory", "Deep Trench", "Laboratory", "Tide Gauge", "Periodic Table", "Ice Core", "Microscope", "Weather Station", "Small Universe", "Pendulum"},
		[]string{"Curious", "Invisible", "Exact", "Accidental", "Luminous", "Infinite", "Restless", "Measured"}},
	{"cookery",
		[]string{"Mussels", "Saffron", "Sourdough", "Chowder", "Pickles", "Lemons", "Smoke", "Butter", "Oysters", "Marmalade", "Broth", "Samphire"},
		[]string{"Galley", "Farm Kitchen", "Smokehouse", "Larder", "Fish Market", "Bakery", "Long Table", "Copper Pot", "Beach Grill", "Wood Oven"},
		[]string{"Slow", "Hungry", "Buttered", "Generous", "Peppery", "Sunday", "Frugal", "Golden"}},
	{"travel",
		[]string{"Maps", "Milestones", "Timetables", "Sandals", "Border Posts", "Caravans", "Rucksacks", "Detours", "Passports", "Far Coasts", "Bridges"},
		[]string{"Night Ferry", "Mountain Pass", "Slow Train", "Old Road", "Island Bus", "Pilgrim Path", "Last Station", "Desert Inn", "Southern Cape", "Canal"},
		[]string{"Wandering", "Distant", "Dusty", "Unmapped", "Roundabout", "Northern", "Solitary", "Sunburnt"}},
	{"poetry",
		[]string{"Hours", "Feathers", "Psalms", "Sparrows", "Half-Rhymes", "Silences", "Rain", "Odes", "Thresholds", "Blue Notes", "Elegies"},
		[]string{"Windowpane", "Empty Chair", "Morning", "Snowfield", "Margin", "Water Meadow", "Evening", "Blackbird", "Thaw", "Unwritten Page"},
		[]string{"Plain", "Wintering", "Unrhymed", "Hushed", "Open", "Half-Lit", "Murmured", "Bare"}},
	{"fantasy",
		[]string{"Dragons", "Runes", "Selkies", "Spells", "Moonstone", "Giants", "Wolfsong", "Thorns", "Oaths", "Embers", "Changelings"},
		[]string{"Drowned Tower", "Glass Citadel", "Witchwood", "Kraken's Den", "Ninth Gate", "Storm Throne", "Bone Bridge", "Hollow Hill", "Mirror Sea", "Sorcerer's Well"},
		[]string{"Enchanted", "Sunken", "Thrice-Crowned", "Shadowed", "Winged", "Cursed", "Wyrd", "Undying"}},
	{"children",
		[]string{"Puddles", "Pirates", "Buttons", "Kites", "Mittens", "Otters", "Jam", "Puppets", "Hiccups", "Paper Boats", "Pebbles"},
		[]string{"Treehouse", "Rock Pool", "Tugboat", "Bathtub", "Toy Shop", "Sandcastle", "Puffin", "Bedtime Owl", "Little Pier", "Muddy Field"},
		[]string{"Sleepy", "Tiny", "Giggling", "Brave", "Upside-Down", "Stripy", "Lost-and-Found", "Very Small"}},
	{"nature",
		[]string{"Lichen", "Terns", "Moths", "Heather", "Hedgerows", "Seals", "Ferns", "Starlings", "Peat", "Kelp", "Bees"},
		[]string{"Salt Marsh", "Tideline", "Beech Wood", "Moor", "Rookery", "Dune", "Hidden Pond", "Cliff Edge", "Dawn Chorus", "Riverbank"},
		[]string{"Wild", "Green", "Migrant", "Feathered", "Wintry", "Rooted", "Early", "Mossy"}},
	{"craft",
		[]string{"Stitches", "Sailcloth", "Glaze", "Shavings", "Wool", "Chisels", "Rope", "Indigo", "Patchwork", "Varnish", "Looped Yarn"},
		[]string{"Workbench", "Potter's Wheel", "Sail Loft", "Loom", "Net Shed", "Bindery", "Forge", "Dye Vat", "Boatyard", "Sewing Box"},
		[]string{"Handmade", "Patient", "Mended", "Useful", "Woven", "Steady", "Well-Worn", "Ordinary"}},
}

// The categories the named characters of the shop depend on, as indices into shelves.
const (
	sea     = 0
	mystery = 1
	history = 3
	science = 4
	poetry  = 7
	nature  = 10
)

// harbours are the places of this coast.
var harbours = []string{
	"Merrow Bay", "Gull Point", "Tarn Harbour", "St Orrin", "Lower Skerry", "Wick Sands", "Penhallow Quay", "Inchmarrow",
	"Cold Ness", "Brackwater", "Three Chimneys", "Fallow Head", "Port Anselm", "Oyster Row", "Sable Cove", "Kittiwake Stairs",
}

var givenNames = []string{
	"Agnes", "Bram", "Celia", "Dorrit", "Edmund", "Freya", "Gideon", "Hesper", "Ivo", "Juno", "Kester", "Lowenna", "Magnus", "Nell",
	"Orla", "Piran", "Quill", "Rosalind", "Silas", "Tamsin", "Ulla", "Verity", "Wilf", "Xanthe", "Yara", "Zeno",
}

var familyNames = []string{
	"Alder", "Birdsall", "Coombe", "Dunmore", "Eastlake", "Farrow", "Gannet", "Hollis", "Inglewood", "Jessop", "Kerrow", "Lanyon",
	"Marsh", "Northcott", "Ormond", "Pascoe", "Quayle", "Rosewarne", "Saltmarsh", "Tregarth", "Underhill", "Vane", "Whitlock", "Yelland",
}

// pinned gives four books of the sea shelf the titles that the guides speak of.
var pinned = map[int]string{
	102:  "The Quiet Lighthouse",
	417:  "The Long Shore",
	933:  "Salt in the Rigging",
	1288: "Tide Tables for Two",
}
