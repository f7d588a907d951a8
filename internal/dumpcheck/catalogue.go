package main

import "errors"

// history holds every version of every item, or of every user, oldest first, so that each
// can be read as it stood at any record.
type history map[string][]version

// version is an item or a user as one record described it, until the next one replaces it
// whole.
type version struct {
	at         int32
	categories []string // of an item
	tags       []string // of an item
	title      string   // of an item
	price      *float64 // of an item that has one
	attributes freeData
}

type itemRecord struct {
	ItemID     string   `json:"item_id"`
	Title      string   `json:"title"`
	Price      *float64 `json:"price"`
	Categories []string `json:"categories"`
	Tags       []string `json:"tags"`
	Attributes freeData `json:"attributes"`
}

type userRecord struct {
	UserID     string   `json:"user_id"`
	ID         string   `json:"id"` // another name of the same
	Attributes freeData `json:"attributes"`
}

// putItem adds the version of an item that the record numbered at describes.
func (h history) putItem(at int32, item itemRecord) error {
	if item.ItemID == "" {
		return errors.New("item without an item_id")
	}
	h[item.ItemID] = append(h[item.ItemID], version{
		at: at, categories: item.Categories, tags: item.Tags, title: item.Title, price: item.Price, attributes: item.Attributes,
	})
	return nil
}

// putUser adds the version of a user.
func (h history) putUser(at int32, user userRecord) error {
	id := user.UserID
	if id == "" {
		id = user.ID
	}
	if id == "" {
		return errors.New("user without a user_id")
	}
	h[id] = append(h[id], version{at: at, attributes: user.Attributes})
	return nil
}

// asOf is the item or the user as it stood at a record, or false when it was unknown there.
func (h history) asOf(id string, at int32) (version, bool) {
	all := h[id]
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].at <= at {
			return all[i], true
		}
	}
	return version{}, false
}

// itemWord is what a word of an item means as the catalogue stood at a record:
//
//	id          the id of an item that the catalogue knows
//	category    the first of its categories
//	categories  all of them, a list
//	tags        its tags, a list
//	<other>     its attribute of that name
//
// It is no value for an item unknown at that record.
func (j *journal) itemWord(name, item string, at int32) scalar {
	v, known := j.items.asOf(item, at)
	if !known {
		return scalar{}
	}
	switch name {
	case "id":
		return textOf(item)
	case "category":
		if len(v.categories) == 0 {
			return scalar{}
		}
		return textOf(v.categories[0])
	case "categories":
		return texts(v.categories)
	case "tags":
		return texts(v.tags)
	}
	return v.attributes[name]
}

// userWord is the attribute of a known user as it stood at a record. Other visitors have
// none.
func (j *journal) userWord(name, visitor string, at int32) scalar {
	if id, known := userID(visitor); known {
		if v, known := j.users.asOf(id, at); known {
			return v.attributes[name]
		}
	}
	return scalar{}
}

// texts is a list of texts.
func texts(all []string) scalar {
	elements := make([]scalar, len(all))
	for i, one := range all {
		elements[i] = textOf(one)
	}
	return scalar{kind: listed, elements: &elements}
}
