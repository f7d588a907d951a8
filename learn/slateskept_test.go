package learn

import (
	"strconv"
	"testing"
)

// TestSlatesKeptAreBounded: also slates of one small row are so many at most, and those that are empty, or of
// items that nobody knows, are none.
func TestSlatesKeptAreBounded(t *testing.T) {
	var k slatesKept
	most := 0
	for i := range 2 * keptBytes / slateBytes {
		k.put(strconv.Itoa(-i), &slateRows{}, 0)
		k.put(strconv.Itoa(i), &slateRows{items: []uint32{1}}, 0)
		most = max(most, len(k.now)+len(k.before))
	}
	if bound := 2 * keptBytes / slateBytes; most > bound || most < bound/2 {
		t.Errorf("%d slates are kept at once, the bound is %d", most, bound)
	}
}
