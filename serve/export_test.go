package serve

// BundlesAtHand is how many rankers' bundles are at hand.
func (s *Server) BundlesAtHand() (n int) {
	s.bundles.Range(func(any, any) bool { n++; return true })
	return n
}
