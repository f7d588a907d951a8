package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestEvalCTROnFrappe holds the figures of logistic regression against the published ones (AUC
// 0.9356; the training negatives of our copy are redrawn).
func TestEvalCTROnFrappe(t *testing.T) {
	dir, err := filepath.Abs("../../../shared/data/frappe")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("the data set frappe is not at ../shared/data beside the repository: %v", err)
		}
		t.Skip("the data set frappe is not at ../shared/data beside the repository")
	}
	if testing.Short() {
		t.Skip("trains on 200,000 rows")
	}
	stdout, stderr, code := runWithin(t, 10*time.Minute, "eval", "ctr", "--train", dir+"/train_regenerated.csv.gz", "--valid", dir+"/valid.csv.gz", "--test", dir+"/test.csv.gz", "--model", "lr", "--trials", "1", "--json")
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	var result ctrResult
	if err := json.Unmarshal([]byte(stdout), &result); err != nil {
		t.Fatal(err)
	}
	if result.AUC < 0.933 || result.LogLoss > 0.31 || result.Train != 202_005 {
		t.Errorf("an AUC of %.4f and a log-loss of %.4f after %d rows", result.AUC, result.LogLoss, result.Train)
	}
}
