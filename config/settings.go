package config

import (
	"fmt"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/expression"
	"github.com/freshet-rec/freshet/feature"
)

// about is what the schema says of a setting beside its type.
type about struct {
	text  string // for people, one sentence or two
	zero  bool   // a duration that may be 0, without a unit
	rules object // further rules of JSON Schema, and defaults inside of lists and mappings
}

// settings describes every setting, by its path: [] stands for any place of a list, * for any
// name of a mapping.
var settings = map[string]about{
	"":              {text: "How Freshet runs: what is recorded, which features are kept, which recall routes exist and which of them serve each scene."},
	"version":       {text: "The version of this file's form; there is only 1.", rules: object{"enum": []int{Version}}},
	"listen":        {text: "Address of the API, host:port. This release listens on loopback addresses only."},
	"data":          {text: "Directory of the journal, from which everything else is rebuilt."},
	"durability":    {text: "What an acknowledgement means. fsync: the event is on disk. relaxed: the system has it and syncs within a tenth of a second, so that a power cut may lose what was acknowledged just before.", rules: enum(DurabilityFsync, DurabilityRelaxed)},
	"strict_events": {text: "true refuses event names that are not under events; false keeps them, as context."},
	"lateness":      {zero: true, text: fmt.Sprintf("How far behind the newest event of its source an event may be; older ones are kept and change nothing. At most %s.", LongestLateness)},
	"max_future":    {zero: true, text: fmt.Sprintf("How far ahead of the server's clock an event may be; others are refused. At most %s.", LongestMaxFuture)},

	"source":      {text: "Where events come from besides the API.", rules: required("kind")},
	"source.kind": {text: "embedded: the journal in the data directory.", rules: enum(KindEmbedded)},
	"store":       {text: "Where feature state is kept.", rules: required("kind")},
	"store.kind":  {text: "memory: in this process, rebuilt from the journal.", rules: enum(KindMemory)},

	"journal":             {text: "How the journal uses its disk."},
	"journal.ballast_mib": {text: "Disk space kept back in a file that is given up once the disk is full, so that what was taken can be made safe and the snapshots be written after which journal.retain lets old records go; make it larger than two of them.", rules: object{"minimum": 0, "maximum": MaxBallastMiB}},
	"journal.retain":      {text: "How much of the journal stays; without it all of it. Only what lies before the oldest snapshot kept may go, and what is gone cannot be folded again under a changed configuration."},
	"journal.retain.mib":  {text: "So many MiB of the newest records stay, and somewhat more; older ones may go.", rules: object{"minimum": 0, "maximum": MaxRetainMiB}},
	"journal.retain.age":  {zero: true, text: fmt.Sprintf("Records older than this may go, such as 30d. At most %s.", LongestRetain)},

	"memory":              {text: "How much is kept in memory."},
	"memory.feature_keys": {text: "Keys over all features; one that several features share counts once. Beyond so many the oldest go, first those of two parts and more, and begin anew; /status and /metrics count them. A key takes some 60 to 200 bytes, a distinct of more than 128 values up to 4 KB (freshet features cost); once more while a snapshot is taken beside the server and once more while changed features warm: the default takes 6 GB at the most, for a machine of 8 GiB.", rules: object{"minimum": LeastFeatureKeys, "maximum": MostFeatureKeys}},

	"ranker.online":         {text: "Whether the ranker that is live learns from what is shown and clicked, beside training."},
	"ranker.online.enabled": {text: "true has weights follow the day. What was learned ranks once it is better than the trained ranker, and is withdrawn when it is worse; each is a record of the journal."},
	"ranker.online.window":  {text: fmt.Sprintf("A click counts for what was shown so long before it. %s to %s.", LeastOnlineWindow, LongestOnlineWindow)},

	"outgoing":         {text: "Where the server may connect to, for routes that ask outside."},
	"outgoing.allow":   {text: "Beside the public internet: host names, which may then be at private and loopback addresses, addresses, and CIDR prefixes, which free every address in them."},
	"outgoing.allow[]": {rules: object{"examples": []string{"ranker.internal", "10.1.0.0/16", "127.0.0.1"}}},

	"ranker":             {text: "What puts candidates into their order, once freshet train has trained it."},
	"ranker.kind":        {text: "lr: logistic regression. fm: factorization machine. deepfm: factorization machine and network.", rules: object{"enum": rankerKinds, "default": RankerLR}},
	"ranker.fallback":    {text: "Kinds that rank, in this order, when the model that is live is not at hand; after them comes the order of recall.", rules: object{"uniqueItems": true}},
	"ranker.fallback[]":  {rules: object{"enum": rankerKinds}},
	"ranker.fields":      {text: "What a ranker knows in words, beside all that is a number: item.id, item.category, item.categories, item.tags, item.<attribute>, user.id, user.<attribute>, context.<name>, and feature.<name> of a feature that is a text or a list. A model that was trained with other fields does not rank.", rules: object{"maxItems": MaxRankerFields, "uniqueItems": true}},
	"ranker.fields[]":    {rules: object{"pattern": `^(item|user|context|feature)\..+$|\$\{`, "examples": []string{"item.id", "item.categories", "user.id", "context.device"}}},
	"ranker.objective":   {text: "What positive events are worth: the order is that of the sum, over them, of worth times probability.", rules: object{"minProperties": 1}},
	"ranker.objective.*": {text: "What the event is worth beside the others.", rules: object{"exclusiveMinimum": 0, "maximum": MaxWeight}},

	"events":          {text: "What event names mean. These are merged into the built-in ones."},
	"events.*":        {text: "An event name of your own.", rules: required("signal")},
	"events.*.signal": {text: "What the event says of the visitor's wish. Recall goes by click, engage, intent and convert.", rules: object{"enum": freshet.Signals()}},
	"events.*.weight": {text: "How much the event counts beside others.", rules: object{"exclusiveMinimum": 0, "maximum": MaxWeight, "default": 1}},

	"features":             {text: "What is counted as events arrive, and what is computed from that. This list replaces the default one. A running server takes up changes of it with freshet config reload; all other settings need a restart."},
	"features[]":           {text: "A streaming feature: an aggregate under a key, or an expression over other features.", rules: object{"anyOf": []object{required("name", "key", "agg"), required("name", "expr")}}},
	"features[].name":      {text: "Name of the feature; no two alike.", rules: object{"maxLength": freshet.MaxIDBytes}},
	"features[].version":   {text: "Of this definition: the same name with another meaning needs a higher one.", rules: object{"minimum": 1, "maximum": MaxFeatureVersion, "default": 1}},
	"features[].key":       {text: fmt.Sprintf("Per what it is kept: user, item, item.<attribute>, user.<attribute> and context.<name>, up to %d of them, or [global] for one value over everything.", feature.MaxKeyParts), rules: object{"minItems": 1, "maxItems": feature.MaxKeyParts, "uniqueItems": true}},
	"features[].key[]":     {rules: object{"pattern": `^(user|item|global|(item|user|context)\..+)$|\$\{`, "examples": []string{"user", "item", "item.category", "user.plan", "context.page", "global"}}},
	"features[].on":        {text: "Event names counted; without it every event. Not for rate.", rules: object{"uniqueItems": true}},
	"features[].on[]":      {},
	"features[].where":     {text: "Which of these events count: an expression over event, item, user and context, such as event.value > 3 && item.category == \"shoes\". See docs/expressions.md.", rules: object{"maxLength": expression.MaxBytes}},
	"features[].agg":       {text: "What is made of the events.", rules: object{"enum": feature.Aggs}},
	"features[].of":        {text: "Event names a rate counts.", rules: object{"uniqueItems": true}},
	"features[].of[]":      {},
	"features[].per":       {text: "Event names a rate divides by.", rules: object{"uniqueItems": true}},
	"features[].per[]":     {},
	"features[].field":     {text: "What of the event is aggregated: value, rank or context.<name>; of last also item and query; of distinct these, user and item.<attribute>. Without it decayed_sum adds 1 an event.", rules: object{"pattern": `^(value|rank|item|user|query|(item|context)\..+)$|\$\{`, "examples": []string{"value", "rank", "context.seconds"}}},
	"features[].k":         {text: "How many items a last_k keeps.", rules: object{"minimum": 1, "maximum": feature.MaxK}},
	"features[].window":    {text: "Length counted, such as 5m; without it all time. Not for decayed_sum."},
	"features[].hop":       {text: fmt.Sprintf("Step in which the window moves on; it divides the window, into at most %d.", feature.MaxTiles)},
	"features[].half_life": {text: "Age at which an event counts half in a decayed_sum, such as 6h."},
	"features[].prior":     {text: "[α, β] of a rate: it begins at α/(α+β) and trusts that as much as α+β events.", rules: object{"default": []int{0, 0}}},
	"features[].expr":      {text: "A derived feature: an expression over other features, item, user, context and time, such as log1p(clicks) * ctr. It has only a name and a version beside it. See docs/expressions.md.", rules: object{"maxLength": expression.MaxBytes}},
	"features[].prior[]":   {rules: object{"minimum": 0, "maximum": MaxPrior}},

	"recall":             {text: "Routes that propose items. This list replaces the default one.", rules: object{"minItems": 1}},
	"recall[]":           {text: "A recall route.", rules: required("name", "kind")},
	"recall[].name":      {text: "Name of the route; no two alike.", rules: object{"maxLength": freshet.MaxIDBytes}},
	"recall[].kind":      {text: kindsText(), rules: object{"enum": routeKinds}},
	"recall[].n":         {text: "Candidates proposed, at most.", rules: object{"minimum": 1, "maximum": MaxRouteN, "default": defaultN}},
	"recall[].budget":    {text: "Time a request gives the route.", rules: object{"default": defaultRouteBudget.String()}},
	"recall[].window":    {text: ownText("window")},
	"recall[].where":     {text: ownText("where"), rules: object{"maxLength": expression.MaxBytes}},
	"recall[].order":     {text: ownText("order"), rules: enum(OrderNewest, OrderPopular)},
	"recall[].against":   {text: ownText("against")},
	"recall[].source":    {text: ownText("source"), rules: enum(SourceTrained, SourceGiven)},
	"recall[].dim":       {text: ownText("dim"), rules: object{"minimum": 0, "maximum": maxDim}},
	"recall[].within":    {text: ownText("within"), rules: object{"pattern": durationText + "|" + distanceForm.String()}},
	"recall[].url":       {text: ownText("url")},
	"recall[].timeout":   {text: ownText("timeout")},
	"recall[].normalise": {text: ownText("normalise"), rules: enum(NormaliseCosine, NormaliseLift, NormaliseBM25)},
	"recall[].half_life": {text: ownText("half_life")},
	"recall[].session":   {text: ownText("session")},
	"recall[].slots":     {text: ownText("slots"), rules: object{"minimum": 1, "maximum": MaxSlots}},

	"scenes":                 {text: "Places where slates are shown. These replace the default one, home.", rules: object{"minProperties": 1}},
	"scenes.*":               {text: "A scene, as requests name it."},
	"scenes.*.recall":        {text: "Names of the routes asked; without it all of them.", rules: object{"minItems": 1, "uniqueItems": true}},
	"scenes.*.recall[]":      {},
	"scenes.*.explore":       {text: "Places kept for candidates of routes of the kinds new and explore, so that what nobody knows yet is shown too."},
	"scenes.*.explore.share": {text: "So much of the places, on average: 0.05 is one of 20.", rules: object{"minimum": 0, "maximum": 1, "default": 0}},
	"scenes.*.budget":        {text: "Time a request has, unless it names its own deadline.", rules: object{"default": defaultSceneBudget.String()}},
}

func required(keys ...string) object { return object{"required": keys} }

func enum(words ...string) object { return object{"enum": words} }
