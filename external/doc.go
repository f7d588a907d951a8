// Package external asks somebody else's HTTP service for proposals: the other side of a route
// of kind external.
//
//	client, err := external.New(external.Options{URL: …, Rules: rules})
//	said, err := client.Propose(ctx, &question)
//	client.Close()
//
// A call is one POST of JSON, and its answer one object:
//
//	{"items":[{"id":"b-0417","score":0.93}, …]}
//
// best by score; what else the object holds is passed over. A status other than 200, a redirect,
// a body that is compressed, longer than its bound or not such an object, is no answer. An item
// that is none (no id, no score, or of another type) is left out, and so is everything after as
// many as were asked for. All of that is an error, which may come with the items that are sound.
//
// Nothing of an answer is read beyond its bounds, however much is sent and however slowly: time
// is that of the context. Where a URL may lead is the business of package outgoing; how many
// calls go on at once, how long each is waited for and how trouble is told, that of package serve.
package external
