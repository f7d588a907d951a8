package config

import (
	"bytes"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Bounds of a document beside MaxBytes. The parser takes time quadratic in tokens and in
// nesting on some inputs; with these bounds the worst we found takes two seconds.
const (
	maxTokens  = 50_000 // about 1,300 features
	maxDepth   = 32     // brackets, or dashes on one line; the deepest setting needs 4
	maxRefused = 100    // anchors, tags and the like, before we stop looking further
	maxBlank   = 100    // blank lines in a row
)

// readDocument turns the text into a tree, nil for an empty document. With [tree] and
// [source] it is the only code that knows the YAML library. When ok is false the text could not be read to its end and
// the problems found are not all there are.
func readDocument(content []byte, p *problems) (root *node, ok bool) {
	content = bytes.TrimPrefix(content, []byte("\ufeff"))
	content = bytes.ReplaceAll(content, []byte("\r\n"), []byte("\n"))
	content = jsonIndent(content)
	content = append(bytes.TrimRight(content, " \n"), '\n') // without it the library drops a last tag
	if !checkCharacters(content, p) {
		return nil, false
	}
	// The library is not ours to vouch for: should it panic on some text, that text is
	// refused instead of ending the program.
	defer func() {
		if r := recover(); r != nil {
			p.add(position{1, 1}, "", "cannot be read as YAML: %v", r)
			root, ok = nil, false
		}
	}()
	src, before := newSource(content), p.total
	tokens := lexer.Tokenize(string(content))
	if !checkTokens(tokens, src, p) {
		return nil, false
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		if p.total == before { // an anchor or a tag explains it well enough
			addSyntax(err, src, p)
		}
		return nil, false
	}
	for _, doc := range file.Docs[min(1, len(file.Docs)):] {
		at := position{1, 1}
		switch {
		case doc.Start != nil:
			at = src.at(doc.Start)
		case doc.Body != nil:
			at = src.at(doc.Body.GetToken())
		}
		p.add(at, "keep one", "a second document begins here")
	}
	if len(file.Docs) == 0 || file.Docs[0].Body == nil {
		return nil, true
	}
	t := tree{source: src, problems: p}
	root = t.node(file.Docs[0].Body)
	if root.kind == null {
		return nil, true
	}
	return root, true
}

// jsonIndent makes the tabs that indent a JSON document spaces. In YAML proper a tab may
// not indent; between brackets it means nothing, and one space each keeps the columns.
func jsonIndent(content []byte) []byte {
	if !bytes.HasPrefix(bytes.TrimLeft(content, " \t\n"), []byte("{")) {
		return content
	}
	lines := bytes.Split(content, []byte("\n"))
	for i, line := range lines {
		body := bytes.TrimLeft(line, " \t")
		lines[i] = append(bytes.Repeat([]byte(" "), len(line)-len(body)), body...)
	}
	return bytes.Join(lines, []byte("\n"))
}

// checkCharacters refuses what no YAML text may hold, tabs that indent, and long gaps.
func checkCharacters(content []byte, p *problems) bool {
	before, blank := p.total, 0
	for i, line := range strings.Split(string(content), "\n") {
		blank++
		if strings.Trim(line, " ") != "" {
			blank = 0
		}
		if blank > maxBlank {
			p.add(position{i + 1, 1}, "", "more than %d blank lines in a row", maxBlank)
			return false
		}
		indent, column := true, 0
		for at, r := range line {
			column++
			switch here := (position{i + 1, column}); {
			case r == utf8.RuneError && !strings.HasPrefix(line[at:], "\ufffd"):
				p.add(here, "save the file as UTF-8", "byte 0x%02x is not valid UTF-8", line[at])
			case r == '\t' && indent:
				p.add(here, "use spaces", "a tab may not indent")
				indent = false // one report a line
			case r < ' ' && r != '\t', r == 0x7f, r == '\ufeff':
				p.add(here, "", "the control character %U may not stand here", r)
			}
			if r != ' ' {
				indent = false
			}
		}
	}
	return p.total == before
}

// checkTokens refuses, wherever they stand, the parts of YAML that are not supported, and
// documents too large or too deep to parse. It returns false when parsing is pointless.
func checkTokens(tokens token.Tokens, src source, p *problems) bool {
	if len(tokens) > maxTokens {
		p.add(position{1, 1}, "", "the document has %d words and signs; at most %d are read", len(tokens), maxTokens)
		return false
	}
	refused, brackets, dashes, dashLine := 0, 0, 0, 0
	for _, t := range tokens {
		what := ""
		switch t.Type {
		case token.AnchorType:
			what = "anchors are"
		case token.AliasType:
			what = "aliases are"
		case token.MergeKeyType:
			what = "merge keys are"
		case token.TagType:
			what = "tags are"
		case token.DirectiveType:
			p.add(src.at(t), "", "directives are not supported")
			return false // the library takes what follows for a second document
		case token.MappingKeyType:
			p.add(src.at(t), "write key: value", `keys after "?" are not supported`)
			return false
		case token.MappingStartType, token.SequenceStartType:
			brackets++
		case token.MappingEndType, token.SequenceEndType:
			brackets--
		case token.SequenceEntryType:
			if t.Position.Line != dashLine {
				dashes, dashLine = 0, t.Position.Line
			}
			dashes++
		}
		if brackets > maxDepth || dashes > maxDepth {
			p.add(src.at(t), "", "nested more than %d deep", maxDepth)
			return false
		}
		if what != "" {
			p.add(src.at(t), "write the value out", "%s not supported", what)
			if refused++; refused == maxRefused {
				return false
			}
		}
	}
	return true
}

// addSyntax reports the library's verdict in its own words.
func addSyntax(err error, src source, p *problems) {
	var syntax interface {
		GetMessage() string
		GetToken() *token.Token
	}
	if !errors.As(err, &syntax) || syntax.GetToken() == nil {
		p.add(position{1, 1}, "", "not valid YAML: %v", err)
		return
	}
	at, hint := src.at(syntax.GetToken()), ""
	switch line := string(src.line(at.line)); {
	case strings.Contains(line, "${"):
		hint = `inside brackets ${NAME} must be quoted: "${NAME}"`
	case strings.Contains(line, "]:"):
		hint = `an address that begins with a bracket must be quoted: "[::1]:3737"`
	}
	p.add(at, hint, "not valid YAML: %s", syntax.GetMessage())
}
