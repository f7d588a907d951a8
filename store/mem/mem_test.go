package mem_test

import (
	"testing"

	"github.com/freshet-rec/freshet/store/mem"
	"github.com/freshet-rec/freshet/store/storetest"
)

func TestTable(t *testing.T) { storetest.Run(t, mem.New) }
