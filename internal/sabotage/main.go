package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Exit statuses of the command.
const (
	exitCaught  = 0
	exitMissed  = 1
	exitUnknown = 2
)

func main() {
	status, err := run(os.Args[1:], os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "sabotage:", err)
	}
	os.Exit(status)
}

// run tries the bugs of those names, or all.
func run(names []string, out io.Writer) (status int, err error) {
	list, err := bugs()
	if err != nil {
		return exitUnknown, err
	}
	if len(names) > 0 {
		list = slices.DeleteFunc(list, func(b bug) bool { return !slices.Contains(names, b.name) })
		if len(list) != len(names) {
			return exitUnknown, fmt.Errorf("there is no bug of one of these names: %s", strings.Join(names, ", "))
		}
	}
	root, err := moduleRoot()
	if err != nil {
		return exitUnknown, err
	}
	tree, err := os.MkdirTemp("", "freshet-sabotage-")
	if err != nil {
		return exitUnknown, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(tree)) }()
	if err := copyTree(root, tree); err != nil {
		return exitUnknown, err
	}
	if err := sound(tree, list); err != nil {
		return exitUnknown, err
	}
	caught, missed := 0, 0
	for i := range list {
		b := &list[i]
		found, err := b.caught(tree)
		if err != nil {
			return exitUnknown, fmt.Errorf("%s: %w", b.name, err)
		}
		word := "MISSED"
		if found {
			word = "caught"
			caught++
		} else {
			missed++
		}
		if _, err := fmt.Fprintf(out, "%-26s %s by %-4s %s\n", b.name, word, b.goal, b.why); err != nil {
			return exitUnknown, err
		}
		if i+1 < len(list) && list[i+1].set == b.set {
			continue
		}
		of := slices.IndexFunc(list, func(other bug) bool { return other.set == b.set })
		if _, err := fmt.Fprintf(out, "caught %d/%d of %s\n", caught, i+1-of, b.set); err != nil {
			return exitUnknown, err
		}
		caught = 0
	}
	if missed > 0 {
		return exitMissed, nil
	}
	return exitCaught, nil
}

// sound checks that the tests pass without a bug; otherwise that they fail says nothing.
func sound(tree string, list []bug) error {
	tried := map[proof]bool{}
	for _, b := range list {
		if tried[b.test] {
			continue
		}
		tried[b.test] = true
		failed, said, err := b.test.run(tree)
		if err != nil {
			return err
		}
		if failed {
			return fmt.Errorf("%s fails without any bug:\n%s", b.test.name, said)
		}
	}
	return nil
}

// caught puts the bug into the tree, runs the test that owns it, and takes the bug out again.
func (b *bug) caught(tree string) (found bool, err error) {
	was := map[string][]byte{}
	defer func() {
		for name, text := range was {
			err = errors.Join(err, os.WriteFile(name, text, 0o600))
		}
	}()
	for i := range b.changes {
		c := &b.changes[i]
		name := filepath.Join(tree, filepath.FromSlash(c.file))
		text, err := os.ReadFile(name)
		if err != nil {
			return false, err
		}
		if was[name] == nil {
			was[name] = text
		}
		if text, err = c.apply(text); err != nil {
			return false, err
		}
		if err := os.WriteFile(name, text, 0o600); err != nil {
			return false, err
		}
	}
	found, _, err = b.test.run(tree)
	return found, err
}

// run compiles a package's tests and runs this one, at its small size. failed says that it did, as
// opposed to one that could not be run.
func (p proof) run(tree string) (failed bool, said string, err error) {
	program := filepath.Join(tree, "proof.test")
	build := exec.Command("go", "test", "-c", "-o", program, p.dir)
	build.Dir = tree
	if out, err := build.CombinedOutput(); err != nil {
		return false, "", fmt.Errorf("it does not compile: %w\n%s", err, out)
	}
	cmd := exec.Command(program, "-test.timeout=2m", "-test.run=^"+p.name+"$")
	cmd.Dir = filepath.Join(tree, filepath.FromSlash(p.dir))
	cmd.Env = append(os.Environ(), "FRESHET_GOALS=")
	out, err := cmd.CombinedOutput()
	said = string(out)
	var exited *exec.ExitError
	switch {
	case err == nil && strings.Contains(said, "no tests to run"):
		return false, said, fmt.Errorf("there is no %s in %s", p.name, p.dir)
	case err == nil:
		return false, said, nil
	case errors.As(err, &exited):
		return true, said, nil // also when it panicked, or hung until its time was up
	}
	return false, said, fmt.Errorf("%s could not be run: %w\n%s", p.name, err, out)
}

// moduleRoot is the folder of go.mod, the working one or one above.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	for err == nil {
		if _, stat := os.Stat(filepath.Join(dir, "go.mod")); stat == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("no go.mod in the working directory or above")
		}
		dir = filepath.Dir(dir)
	}
	return "", err
}

// copied are the kinds of files that building and testing needs.
var copied = []string{".go", ".s", ".mod", ".sum", ".txt", ".sh", ".json", ".yaml", ".html", ".css", ".js", ".md"}

// copyTree copies what is needed to build and test the module.
func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, name)
		if err != nil {
			return err
		}
		if d.IsDir() {
			if rel != "." && (strings.HasPrefix(d.Name(), ".") || rel == "bin" || rel == "data") {
				return filepath.SkipDir
			}
			return os.MkdirAll(filepath.Join(to, rel), 0o700)
		}
		if !d.Type().IsRegular() || !slices.Contains(copied, filepath.Ext(name)) {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, rel), text, 0o600)
	})
}
