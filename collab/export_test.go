package collab

// Walk makes a model score by walks, as one does whose table is too large.
func Walk(c *ItemCF) *ItemCF {
	c.table = nil
	return c
}
