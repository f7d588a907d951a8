package registry

import (
	"fmt"

	"github.com/freshet-rec/freshet/collab"
	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/recall"
)

// ItemItem is weights from item to item as they are kept.
type ItemItem struct {
	IDs   *recall.IDs
	Model *collab.ItemItem // of as many rows
}

// itemItemMagic begins the file.
const itemItemMagic = "freshet itemitem 1"

// Bytes implements Model.
func (m *ItemItem) Bytes() ([]byte, error) {
	if m.IDs.Len() != m.Model.Len() {
		return nil, fmt.Errorf("%d ids for a model of %d items", m.IDs.Len(), m.Model.Len())
	}
	var w pack.Writer
	w.Text(itemItemMagic)
	m.IDs.Pack(&w)
	m.Model.Pack(&w)
	return w.Bytes, nil
}

// readItemItem reads what Bytes wrote.
func readItemItem(data []byte) (*recall.Linear, error) {
	r := pack.NewReader(data)
	if magic := r.Text(); magic != itemItemMagic {
		return nil, fmt.Errorf("it begins with %.40q, not with %q", magic, itemItemMagic)
	}
	ids := recall.UnpackIDs(r)
	if r.Err() != nil {
		return nil, r.Err()
	}
	model, err := collab.UnpackItemItem(r)
	if err != nil {
		return nil, err
	}
	if model.Len() != ids.Len() {
		r.Fail("%d ids for a model of %d items", ids.Len(), model.Len())
	}
	return &recall.Linear{IDs: ids, Model: model}, r.Done()
}
