package rank

// Unknown is the number of the weight that a field of words has for every word that its vocabulary
// lacks. Those of its vocabulary follow, in the order of Tokens.
func (s *Schema) Unknown(field int) int { return int(s.starts[field]) + unknownWord }
