package backfill

// UserVector is a row of a file of users' vectors.
type UserVector struct {
	User   string    `parquet:"user_id"`
	Kind   string    `parquet:"kind,dict"` // user, anonymous or session: what User is an id of
	Vector []float32 `parquet:"vector,list"`
}

// ItemVector is a row of a file of items' vectors.
type ItemVector struct {
	Item   string    `parquet:"item_id"`
	Vector []float32 `parquet:"vector,list"`
}
