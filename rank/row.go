package rank

// Token stands for a word: the id of an item, a category, a plan, a device. Equal words have equal
// tokens everywhere and always; different words have the same with a probability of 2^−64 a pair.
type Token uint64

// TokenOf returns the token of a word: FNV-1a over its bytes, 64 bits, with its bits mixed once
// more by the finaliser of SplitMix64 (Steele et al., OOPSLA 2014, §3), because FNV leaves those of
// short words alike.
func TokenOf(word string) Token {
	h := uint64(14695981039346656037)
	for i := range len(word) {
		h = (h ^ uint64(word[i])) * 1099511628211
	}
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return Token(h ^ h>>31)
}

// Row is one candidate as it stands: what a model is given. Its numbers and lists of words are those
// that Names lists, in their order. The zero Row is empty and ready to be appended to.
type Row struct {
	Numbers []float64 // NaN is no value
	Words   []Token   // of all lists, one list after the other; a list that is a sequence has the newest first
	Ends    []uint32  // by list: where in Words it ends
}

// Reset empties the row and keeps its room.
func (r *Row) Reset() { r.Numbers, r.Words, r.Ends = r.Numbers[:0], r.Words[:0], r.Ends[:0] }

// End ends the list of words that was appended to Words.
func (r *Row) End() { r.Ends = append(r.Ends, uint32(len(r.Words))) }

// List is the i-th list of words. The slice is the row's own.
func (r *Row) List(i int) []Token {
	from := uint32(0)
	if i > 0 {
		from = r.Ends[i-1]
	}
	return r.Words[from:r.Ends[i]]
}

// Names says what the rows of a state consist of, or those that a model was trained on.
type Names struct {
	Numbers []string `json:"numbers"`
	Words   []string `json:"words,omitempty"`
}
