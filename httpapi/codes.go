package httpapi

import (
	"cmp"
	"strconv"
	"strings"
)

// meanings explain every code that a reply may carry; two families end in a field's name.
var meanings = map[string]string{
	"validation":            "The request was read and something in it is not acceptable. Its errors name each place, with a code of their own.",
	"malformed":             "The body is not the JSON that is expected here. The offset is that of the first bad byte.",
	"too_many":              "The body holds more entries than one request may. Send it in parts.",
	"too_large":             "The body is larger than accepted. Send it in parts.",
	"timeout":               "The body did not arrive in time.",
	"unsupported_media":     "The Content-Type is not accepted. Use application/json or application/x-ndjson.",
	"unsupported_encoding":  "The Content-Encoding is not accepted. Send the body uncompressed.",
	"not_found":             "There is nothing at this path.",
	"method_not_allowed":    "The path exists and takes other methods, named in the Allow header.",
	"not_available":         "This is planned and not part of this release.",
	"unknown_scene":         "No scene has this name. Scenes are set in the configuration.",
	"unknown_item":          "No catalogue entry or event named this item.",
	"unknown_user":          "No entry of this user came, though events may have.",
	"unknown_feature":       "No feature has this name or matches this pattern. Features are set in the configuration.",
	"unknown_model":         "No trained model has this name and version. GET /v1/models lists them.",
	"unfit_model":           "The model is whole and must not rank here: its training says that it is of no use.",
	"bad_model_name":        "A name of a model is one element of a path on every system: 1 to 100 bytes without / \\ : * ? \" < > |, not beginning or ending with a dot or a space, and no name of a device.",
	"version_exists":        "The journal knows this version with other bytes. A version is never changed; give the other model a version of its own.",
	"nothing_before":        "There is no version that was live before and could be again.",
	"switched_meanwhile":    "While the version was put to the gates against what was live, somebody made another one live. Promote it again, and it is held against that.",
	"checksum":              "The files of the model are not those that were written: they are cut, changed, or another version's.",
	"format":                "What the files hold is of a form that this release does not know. Nothing of it was run or opened.",
	"non_finite":            "A number of the model is none, or the model makes none of some rows.",
	"range":                 "A number of the model is beyond its bound.",
	"schema":                "The model was trained on other fields or definitions than are configured; the message lists how they differ. Train it again.",
	"golden":                "The model does not make of its golden rows what it made of them at its training, or has none. Train it again.",
	"too_slow":              "The model takes too long for the candidates of a request, beside the live one and in itself. A guard with p99_ms says otherwise for a trial.",
	"too_big":               "The model takes more memory than it may, beside the live one.",
	"constant":              "The model gives all candidates of a request one score.",
	"one_item":              "The model puts one item first for nearly everyone, where what it is held against does not.",
	"inverted":              "The model puts last what the live one puts first. If it is the live one that is wrong, roll that back first.",
	"shifted":               "The model's probabilities of the same candidates are far from those of the live one.",
	"worse_than_live":       "The model puts what was wanted in a worse order than the live one, beyond what chance explains.",
	"worse_than_recall":     "The model puts what was wanted in a worse order than recall alone, beyond what chance explains.",
	"worse_than_popularity": "The model puts what was wanted in a worse order, or finds less of it, than what is popular does.",
	"bad_config":            "The configuration that was to be read again has errors; each is named with its place. The one from before is in force.",
	"needs_restart":         "The configuration that was read again differs in settings that only a restart can change, each of them named. Nothing was changed.",
	"feature_changed":       "A feature means something else under its old name and version. Give it another name or a higher version.",
	"released":              "A feature would need events that the journal does not keep any more.",
	"warming":               "Changed features are on their way already; /status says how far. Wait until they are in force.",
	"damaged_model":         "The files of the model do not fit together. Train a new version.",
	"unknown_field":         "A field or parameter that means nothing here. Names are compared exactly; free data goes into context or attributes.",
	"unknown_event":         "The event name is not configured and strict_events is set.",
	"duplicate_field":       "One key stands twice in an object.",
	"id_conflict":           "The id is in use with other contents. What came first stands.",
	"bad_id":                "An id is 1 to 256 bytes of UTF-8, not blank, without control characters.",
	"bad_text":              "The text is not clean Unicode: invalid UTF-8, half a surrogate pair, or a control character.",
	"bad_number":            "Not a finite JSON number of reasonable length.",
	"out_of_range":          "The number is outside the bounds of its field, or has no exact form.",
	"bad_time":              "Not a time. Use RFC 3339 with a zone, or whole seconds or milliseconds since 1970.",
	"bad_position":          "Not a position. Use one that a reply returned.",
	"bad_cursor":            "Not a cursor. Use the next_cursor of the page before.",
	"bad_vector":            "The embedding is empty, too long, all zero, or holds a number that is not finite.",
	"too_old":               "The time lies before the earliest one accepted here.",
	"in_future":             "The time lies further ahead of the server's clock than max_future allows.",
	"too_deep":              "Nested deeper than 32 levels.",
	"too_many_fields":       "More than 256 fields.",
	"too_long":              "A text or list is longer than accepted.",
	"rejected_unreadable":   "The files with what imports could not use cannot be read; the server's log says why.",
	"journal_failed":        "Writing to disk failed, so nothing can be acknowledged until the server is restarted. Reads go on.",
	"disk_full":             "The disk is full, so nothing can be acknowledged just now. Reads go on; the server takes events again by itself once there is room.",
	"disk_stalled":          "The disk has not answered for a while, so nothing can be acknowledged just now. Reads go on; the server takes events again by itself. What was sent meanwhile may be in: sending the same bytes again is safe for events with an event_id.",
	"state_held":            "A defect in a recall route keeps the state from changing: nothing is applied or acknowledged, and slates are made of a list of what was popular. Restart the server.",
	"cross_origin":          "A web page of another origin asked a browser to send this. Programs and pages of the server's own origin may.",
	"starting":              "The server is replaying its journal. Wait for /ready.",
	"busy":                  "The request was not finished in time. Sending the same bytes again is safe for events with an event_id.",
}

// meaning explains a code.
func meaning(code string) (string, bool) {
	if field, ok := strings.CutPrefix(code, "missing:"); ok {
		return "The field " + field + " is required here.", true
	}
	if field, ok := strings.CutPrefix(code, "type:"); ok {
		return "The field " + field + " has a value of the wrong JSON type. Values are never converted.", true
	}
	text, ok := meanings[code]
	return text, ok
}

func itoa(n int64) string         { return strconv.FormatInt(n, 10) }
func compareText(a, b string) int { return cmp.Compare(a, b) }
