package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"

	"github.com/freshet-rec/freshet/codec"
	"github.com/freshet-rec/freshet/config"
)

// convert writes what an import of a path would bring to stdout, one JSON object a line:
// items, users, then events by time. It touches no data directory. Rows that cannot be used are told
// on stderr, and the exit code says so.
func (a *app) convert(ctx context.Context, cfg *config.Config, path string) error {
	im, err := a.readImport(ctx, cfg, path)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(a.stdout, 1<<20)
	err = func() error {
		var line []byte
		for i := range im.Items {
			line = append(codec.AppendItem(line[:0], &im.Items[i]), '\n')
			if _, err := out.Write(line); err != nil {
				return err
			}
		}
		for i := range im.Users {
			line = append(codec.AppendUser(line[:0], &im.Users[i]), '\n')
			if _, err := out.Write(line); err != nil {
				return err
			}
		}
		for i := range im.Events {
			if i%importChunk == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			line = append(codec.AppendEvent(line[:0], &im.Events[i].Event), '\n')
			if _, err := out.Write(line); err != nil {
				return err
			}
		}
		return nil
	}()
	if err = errors.Join(err, out.Flush()); err != nil {
		if isBrokenPipe(err) { // whoever read has seen enough
			return nil
		}
		return fmt.Errorf("write the events of %s: %w", path, err)
	}
	users := ""
	if len(im.Users) > 0 {
		users = plural(len(im.Users), "user") + ", "
	}
	a.say("%s, %s%s written, %s refused", plural(len(im.Items), "item"), users, plural(len(im.Events), "event"), plural(len(im.Refused), "line"))
	if len(im.Refused) == 0 {
		return nil
	}
	a.sayRefused(im)
	return &failure{code: exitRefused}
}
