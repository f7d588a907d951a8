package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"net/url"
	"strings"
	"time"
)

// options say what to send, and to whom.
type options struct {
	url      string        // base of the server, without a trailing slash
	out      string        // path of the rows file, created or replaced
	rate     float64       // events per second over all clients, above 0
	clients  int           // concurrent posters, 1 to 1024
	batch    int           // events a request, 1 to 10000
	users    int           // at least 1
	items    int           // at least itemsPerRow
	rows     int           // replies to keep, 0 for none
	readers  int           // concurrent readers of rows, 1 to 1024
	changes  float64       // changes of items and users a second, 0 to 1000
	duration time.Duration // how long batches fall due, above 0
	disorder float64       // share of events shifted in time, 0 to 1
	resend   float64       // share of events sent a second time, 0 to 0.5
	tooLate  float64       // share of events too late to count, 0 to 0.5
	seed     uint64
}

// eventsEach is how many events fall due for a client, at most.
func (o *options) eventsEach() int {
	batches := o.rate * o.duration.Seconds() / float64(o.batch)
	return o.batch * int(math.Ceil(math.Ceil(batches)/float64(o.clients)))
}

// errUsage marks arguments that cannot be used; what is wrong has been printed.
var errUsage = errors.New("usage")

// parseOptions reads the command line. Its errors are flag.ErrHelp and errUsage.
func parseOptions(args []string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("loadrun", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.url, "url", "http://127.0.0.1:3737", "base address of the server")
	flags.StringVar(&o.out, "out", "", "file for the kept feature rows")
	flags.Float64Var(&o.rate, "rate", 5000, "events per second, over all clients")
	flags.IntVar(&o.clients, "clients", 4, "concurrent clients")
	flags.IntVar(&o.batch, "batch", 100, "events in a request")
	flags.IntVar(&o.users, "users", 1000, "number of users")
	flags.IntVar(&o.items, "items", 500, "number of items")
	flags.IntVar(&o.rows, "rows", 0, "feature replies to keep in --out")
	flags.IntVar(&o.readers, "readers", 2, "concurrent readers of feature rows")
	flags.Float64Var(&o.changes, "changes", 10, "items and users replaced a second")
	flags.DurationVar(&o.duration, "duration", 30*time.Second, "how long to send")
	flags.Float64Var(&o.disorder, "disorder", 0.2, "share of events shifted up to 40m back or 59s ahead")
	flags.Float64Var(&o.resend, "resend", 0.01, "share of events sent a second time")
	flags.Float64Var(&o.tooLate, "too-late", 0.002, "share of events three hours old")
	flags.Uint64Var(&o.seed, "seed", 1, "seed of users, items and event times")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return o, err
		}
		return o, errUsage
	}
	o.url = strings.TrimSuffix(o.url, "/")
	if err := o.validate(flags.Args()); err != nil {
		if _, printErr := fmt.Fprintf(stderr, "loadrun: %v\n", err); printErr != nil {
			return o, errors.Join(errUsage, printErr)
		}
		return o, errUsage
	}
	return o, nil
}

// validate checks the bounds stated at the fields.
func (o options) validate(rest []string) error {
	base, err := url.Parse(o.url)
	share := func(v, most float64) bool { return v >= 0 && v <= most }
	switch {
	case len(rest) > 0:
		return fmt.Errorf("unexpected argument %q", rest[0])
	case err != nil || base.Host == "" || (base.Scheme != "http" && base.Scheme != "https"):
		return fmt.Errorf("--url %q is not the address of an HTTP server", o.url)
	case !(o.rate > 0 && o.rate <= 1e7):
		return fmt.Errorf("--rate %v is not above 0 and at most 1e7", o.rate)
	case o.clients < 1 || o.clients > 1024:
		return fmt.Errorf("--clients %d is not in 1 to 1024", o.clients)
	case o.batch < 1 || o.batch > 10000:
		return fmt.Errorf("--batch %d is not in 1 to 10000", o.batch)
	case o.users < 1 || o.items < itemsPerRow:
		return fmt.Errorf("--users %d, --items %d: at least 1 and %d are needed", o.users, o.items, itemsPerRow)
	case o.rows < 0 || (o.rows > 0 && o.out == ""):
		return fmt.Errorf("--rows %d needs a file, --out", o.rows)
	case o.readers < 1 || o.readers > 1024:
		return fmt.Errorf("--readers %d is not in 1 to 1024", o.readers)
	case !share(o.changes, 1000):
		return fmt.Errorf("--changes %v is not in 0 to 1000", o.changes)
	case o.duration <= 0:
		return fmt.Errorf("--duration %v is not above 0", o.duration)
	case !share(o.disorder, 1) || !share(o.resend, 0.5) || !share(o.tooLate, 0.5):
		return errors.New("--disorder is not in 0 to 1, or --resend or --too-late not in 0 to 0.5")
	}
	return nil
}
