package freshet

// Item is an entry of the catalogue. Only ID is required.
type Item struct {
	ID           ItemID
	Title        string
	Categories   []string // the first one is item.category
	Unavailable  bool     // an unavailable item leaves slates at once
	Published    int64    // Unix milliseconds; meaningful when HasPublished
	HasPublished bool
	Price        float64 // ≥ 0; meaningful when HasPrice
	HasPrice     bool
	Tags         []string
	Text         string
	Embedding    []float32      // nil when absent
	Attributes   map[string]any // free data as decoded JSON, numbers as json.Number; nil when absent
}

// User is what is known of a user beside events. Only ID is required.
type User struct {
	ID         UserID
	Attributes map[string]any // free data as decoded JSON, numbers as json.Number; nil when absent
}
