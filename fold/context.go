package fold

import (
	"bytes"
	"encoding/json"
)

// Context is the free data of a request, as decoded JSON, numbers as json.Number: read back from a
// record it is what the request brought, digit by digit.
type Context map[string]any

// UnmarshalJSON reads an object, or null for nil.
func (c *Context) UnmarshalJSON(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var data map[string]any
	if err := d.Decode(&data); err != nil {
		return err
	}
	*c = data
	return nil
}
