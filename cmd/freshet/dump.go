package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/freshet-rec/freshet/codec"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/journal"
	"github.com/freshet-rec/freshet/quarantine"
	"github.com/freshet-rec/freshet/stream"
)

func (a *app) dumpCmd() *cobra.Command {
	c := &cobra.Command{
		Use:   "dump",
		Short: "Print every record of the journal, in order, one JSON object a line",
		Long: `Print every durable record of the journal, in order, one JSON object a line:
position, topic, source, received_ms, and one of event, item, user, definitions, served,
model, clock;
of a record that is passed over, quarantined says why. Times of events are Unix milliseconds. A server may be running on the directory.`,
		Example: `  freshet dump --data ./shop
  freshet dump --data ./shop | grep user_behavior_click`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := a.loadConfig(c)
			if err != nil {
				return err
			}
			disk, err := fsys.Existing(cfg.Data)
			if err != nil {
				return dataError(cfg.Data, err)
			}
			out := bufio.NewWriterSize(a.stdout, 1<<20)
			err = dump(c.Context().Err, disk, out, a.sayFirst)
			if err != nil && !isBrokenPipe(err) {
				err = dataError(cfg.Data, err)
			}
			err = errors.Join(err, out.Flush(), disk.Close())
			if isBrokenPipe(err) { // whoever read has seen enough
				return nil
			}
			return err
		},
	}
	a.configFlags(c)
	return c
}

// dump writes every durable record. stopped is asked now and then whether to go on; opened is
// given the journal before anything is written.
func dump(stopped func() error, disk fsys.FS, out io.Writer, opened func(*journal.Reader)) (err error) {
	reader, err := journal.OpenReader(disk)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("no journal here: %w", err)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, reader.Close()) }()
	passed, err := passedOver(disk)
	if err != nil {
		return err
	}
	opened(reader)
	var line []byte
	for n := 0; ; n++ {
		if n%4096 == 0 {
			if err := stopped(); err != nil {
				return err
			}
		}
		rec, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if r, ok := passed.Find(rec.Position); ok {
			line = appendPassed(line[:0], &rec, &r)
		} else if line, err = appendDump(line[:0], &rec); err != nil {
			return err
		}
		if _, err := out.Write(line); err != nil {
			return err
		}
	}
}

// appendDump appends the line of one record.
func appendDump(dst []byte, rec *journal.Record) ([]byte, error) {
	e, err := stream.Decode(rec)
	if err != nil {
		return dst, err
	}
	dst = appendDumpHead(dst, rec)
	dst = append(dst, `,"late":`...)
	dst = strconv.AppendBool(dst, e.Late)
	if rec.Seq != 0 {
		dst = append(dst, `,"seq":`...)
		dst = strconv.AppendUint(dst, rec.Seq, 10)
	}
	switch {
	case e.Event != nil:
		event := *e.Event
		if event.TimeUnset {
			dst = append(dst, `,"ts_absent":true`...)
			event.TimeUnset = false // a record's time is always shown
		}
		dst = codec.AppendEvent(append(dst, `,"event":`...), &event)
	case e.Item != nil:
		dst = codec.AppendItem(append(dst, `,"item":`...), e.Item)
	case e.User != nil:
		dst = codec.AppendUser(append(dst, `,"user":`...), e.User)
	case e.Definitions != nil:
		dst = append(append(dst, `,"definitions":`...), e.Definitions...)
	case e.Served != nil:
		dst = append(append(dst, `,"served":`...), e.Served...)
	case e.Clock != nil:
		dst = append(append(dst, `,"clock":`...), rec.Payload...)
	case e.Model != nil:
		dst = append(append(dst, `,"model":`...), e.Model...)
	}
	return append(dst, "}\n"...), nil
}

// appendDumpHead appends what the line of every record begins with.
func appendDumpHead(dst []byte, rec *journal.Record) []byte {
	dst = append(dst, `{"position":"`...)
	dst = append(dst, rec.Position.String()...)
	dst = append(dst, `","topic":`...)
	dst = codec.AppendText(dst, rec.Topic)
	dst = append(dst, `,"source":`...)
	dst = codec.AppendText(dst, rec.Source)
	dst = append(dst, `,"received_ms":`...)
	dst = strconv.AppendInt(dst, rec.Received, 10)
	return dst
}

// appendPassed appends the line of a record that is passed over.
func appendPassed(dst []byte, rec *journal.Record, r *quarantine.Record) []byte {
	dst = appendDumpHead(dst, rec)
	dst = codec.AppendText(append(dst, `,"quarantined":`...), r.Reason)
	dst = codec.AppendText(append(dst, `,"rejected":`...), r.Letter)
	return append(dst, "}\n"...)
}
