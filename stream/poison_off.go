//go:build !freshet_poison

package stream

import "github.com/freshet-rec/freshet/journal"

func poisonDecode(*journal.Record) {}

func poisonApply(*Entry) {}
