package recall

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func tokensOf(text string, singles bool) (list []string) {
	tokens(text, singles, func(token string) bool { list = append(list, token); return true })
	return list
}

func TestTokens(t *testing.T) {
	tests := []struct {
		name, text string
		singles    bool
		want       []string
	}{
		{"nothing", "", true, nil},
		{"words in lower case", "Milk  Powder, 2-stage!", true, []string{"milk", "powder", "2", "stage"}},
		{"apostrophes and decimals", "Rock'n'roll 3.5", true, []string{"rock'n'roll", "3.5"}},
		{"accents stay", "Crème BRÛLÉE", true, []string{"crème", "brûlée"}},
		{"other alphabets", "Молоко ΓΆΛΑ", true, []string{"молоко", "γάλα"}},
		{"Arabic and Hebrew", "حليب חלב", true, []string{"حليب", "חלב"}},
		{"Hangul sets spaces", "분유 우유", true, []string{"분유", "우유"}},
		{"full-width letters", "ＡＢＣ１２", true, []string{"abc12"}},
		{"Han by pairs", "牛奶粉", false, []string{"牛奶", "奶粉"}},
		{"and by letters", "牛奶粉", true, []string{"牛", "奶", "牛奶", "粉", "奶粉"}},
		{"one letter", "奶", false, []string{"奶"}},
		{"among others", "Aptamil奶粉3段", false, []string{"aptamil", "奶粉", "3", "段"}},
		{"runs end at a space", "牛奶 粉", false, []string{"牛奶", "粉"}},
		{"kana", "ミルク", false, []string{"ミル", "ルク"}},
		{"Thai", "นมผง", false, []string{"นม", "มผ", "ผง"}},
		{"an emoji is no word", "🍼 👨‍👩‍👧", true, nil},
		{"what is no Unicode", "a\xff\xfeb", true, []string{"a", "b"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tokensOf(tt.text, tt.singles); !slices.Equal(got, tt.want) {
				t.Errorf("tokens of %q are %q, want %q", tt.text, got, tt.want)
			}
		})
	}
}

func TestTokensAreBounded(t *testing.T) {
	for _, text := range []string{strings.Repeat("a", 100_000), strings.Repeat("é", 100_000), strings.Repeat("奶", 100_000), strings.Repeat("a ", 100_000), strings.Repeat("🍼", 100_000)} {
		list := tokensOf(text, true)
		if len(list) > maxTextBytes {
			t.Errorf("%d tokens of %q…", len(list), text[:4])
		}
		for _, token := range list {
			if len(token) > maxTokenBytes || !utf8.ValidString(token) {
				t.Fatalf("a token of %d bytes: %q", len(token), token)
			}
		}
	}
	n := 0
	tokens("a b c d", true, func(string) bool { n++; return n < 2 })
	if n != 2 {
		t.Errorf("%d tokens after the caller had two", n)
	}
}

func FuzzTokens(f *testing.F) {
	for _, text := range []string{"", "Milk 牛奶粉", "\xff", "ー", "e\u0301 क्ष"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		of := func(text string) []string { return tokensOf(text, false) }
		for _, token := range of(text) {
			if token == "" || len(token) > maxTokenBytes {
				t.Fatalf("token %q of %q", token, text)
			}
		}
		if len(text) < maxTextBytes/4 && !slices.Equal(of(text), of(text+" ")) {
			t.Fatalf("a space behind %q makes other tokens", text)
		}
	})
}
