package httpapi

import (
	"cmp"
	"strconv"
	"strings"
)

// meanings explain every code that a reply may carry; two families end in a field's name.
var meanings = map[string]string{
	"validation":           "The request was read and something in it is not acceptable. Its errors name each place, with a code of their own.",
	"malformed":            "The body is not the JSON that is expected here. The offset is that of the first bad byte.",
	"too_many":             "The body holds more entries than one request may. Send it in parts.",
	"too_large":            "The body is larger than accepted. Send it in parts.",
	"timeout":              "The body did not arrive in time.",
	"unsupported_media":    "The Content-Type is not accepted. Use application/json or application/x-ndjson.",
	"unsupported_encoding": "The Content-Encoding is not accepted. Send the body uncompressed.",
	"not_found":            "There is nothing at this path.",
	"method_not_allowed":   "The path exists and takes other methods, named in the Allow header.",
	"not_available":        "This is planned and not part of this release.",
	"unknown_scene":        "No scene has this name. Scenes are set in the configuration.",
	"unknown_item":         "No catalogue entry or event named this item.",
	"unknown_user":         "No entry of this user came, though events may have.",
	"unknown_feature":      "No feature has this name or matches this pattern. Features are set in the configuration.",
	"unknown_model":        "No trained model has this name and version. GET /v1/models lists them.",
	"unfit_model":          "The model is whole and must not rank here: it is no better than the mean, or it was trained on other fields than are configured.",
	"bad_config":           "The configuration that was to be read again has errors; each is named with its place. The one from before is in force.",
	"needs_restart":        "The configuration that was read again differs in settings that only a restart can change, each of them named. Nothing was changed.",
	"feature_changed":      "A feature means something else under its old name and version. Give it another name or a higher version.",
	"released":             "A feature would need events that the journal does not keep any more.",
	"warming":              "Changed features are on their way already; /status says how far. Wait until they are in force.",
	"damaged_model":        "The files of the model do not fit together. Train a new version.",
	"unknown_field":        "A field or parameter that means nothing here. Names are compared exactly; free data goes into context or attributes.",
	"unknown_event":        "The event name is not configured and strict_events is set.",
	"duplicate_field":      "One key stands twice in an object.",
	"id_conflict":          "The id is in use with other contents. What came first stands.",
	"bad_id":               "An id is 1 to 256 bytes of UTF-8, not blank, without control characters.",
	"bad_text":             "The text is not clean Unicode: invalid UTF-8, half a surrogate pair, or a control character.",
	"bad_number":           "Not a finite JSON number of reasonable length.",
	"out_of_range":         "The number is outside the bounds of its field, or has no exact form.",
	"bad_time":             "Not a time. Use RFC 3339 with a zone, or whole seconds or milliseconds since 1970.",
	"bad_position":         "Not a position. Use one that a reply returned.",
	"bad_cursor":           "Not a cursor. Use the next_cursor of the page before.",
	"bad_vector":           "The embedding is empty, too long, all zero, or holds a number that is not finite.",
	"too_old":              "The time lies before the earliest one accepted here.",
	"in_future":            "The time lies further ahead of the server's clock than max_future allows.",
	"too_deep":             "Nested deeper than 32 levels.",
	"too_many_fields":      "More than 256 fields.",
	"too_long":             "A text or list is longer than accepted.",
	"rejected_unreadable":  "The files with what imports could not use cannot be read; the server's log says why.",
	"journal_failed":       "Writing to disk failed, so nothing can be acknowledged until the server is restarted. Reads go on.",
	"disk_full":            "The disk is full, so nothing can be acknowledged just now. Reads go on; the server takes events again by itself once there is room.",
	"disk_stalled":         "The disk has not answered for a while, so nothing can be acknowledged just now. Reads go on; the server takes events again by itself. What was sent meanwhile may be in: sending the same bytes again is safe for events with an event_id.",
	"state_held":           "A defect in a recall route keeps the state from changing: nothing is applied or acknowledged, and slates are made of a list of what was popular. Restart the server.",
	"cross_origin":         "A web page of another origin asked a browser to send this. Programs and pages of the server's own origin may.",
	"starting":             "The server is replaying its journal. Wait for /ready.",
	"busy":                 "The request was not finished in time. Sending the same bytes again is safe for events with an event_id.",
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
