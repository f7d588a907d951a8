package freshet

// RouteScore is one route's opinion of a candidate.
type RouteScore struct {
	Route   string
	Rank    int     // 1-based, in the route's own order
	Score   float64 // in the route's own unit; comparable within one route only
	Because Reason  // why the route proposed it
}

// Reason is why an item is proposed, for people: Code is stable, the rest fills its words.
type Reason struct {
	Code   string // like_recent, popular, new, …
	Item   ItemID // the item it rests on, "" if none
	Event  string // what the visitor did to that item
	Time   int64  // when, Unix milliseconds; 0 if it means nothing here
	Window int64  // the window counted, in milliseconds; 0 if none
	Query  string // what the visitor searched for, "" if none
}

// Candidate is an item that at least one route proposed.
type Candidate struct {
	Item   ItemID
	Score  float64      // what orders the slate, higher first
	Routes []RouteScore // in route order, never empty
}

// Slate is the final ordered list for one request.
type Slate struct {
	Request string // the request's id
	Scene   string
	Time    int64       // q: the time features and windows were read at, Unix milliseconds
	Items   []Candidate // in rank order
}
