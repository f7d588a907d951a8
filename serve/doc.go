// Package serve answers requests: [Server.Recommend] is one slate from recall to the served
// record, [Server.Features] the feature rows behind it. Recommend lists the stages in order
// and is the place to begin reading.
//
// It knows no transport and no storage engine. A Server is safe for concurrent use.
package serve
