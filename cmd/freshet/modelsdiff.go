package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

func (a *app) modelsDiffCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "diff A B",
		Short: "Compare two versions: figures, data, size and fields",
		Long:  `A and B are versions such as lr@2; of B the name may be left out.`,
		Example: `  freshet models diff lr@1 lr@2
  freshet models diff lr@2 deepfm@1 --json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return &failure{code: exitUsage, err: fmt.Errorf("%s given; diff takes two versions", plural(len(args), "argument")), hint: "such as: freshet models diff lr@1 lr@2"}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			from, err := namedVersion(args[0], "")
			if err != nil {
				return err
			}
			to, err := namedVersion(args[1], from.name)
			if err != nil {
				return err
			}
			return a.withServer(func(server *client) error { return a.modelsDiff(c.Context(), server, from, to) })
		},
	}
}

// modelVersion names one version.
type modelVersion struct {
	name    string
	version int
}

// namedVersion reads NAME@VERSION, or a version alone where a name is known.
func namedVersion(text, name string) (v modelVersion, err error) {
	at := strings.LastIndexByte(text, '@')
	if at >= 0 {
		name = text[:at]
	}
	n, err := strconv.Atoi(text[at+1:])
	if name == "" || err != nil || n < 1 {
		return v, &failure{code: exitUsage, err: fmt.Errorf("%q is not a version", text), hint: "write it as lr@2; freshet models list shows what there is"}
	}
	return modelVersion{name, n}, nil
}

func (v modelVersion) path() string {
	return "/v1/models/" + url.PathEscape(v.name) + "/versions/" + strconv.Itoa(v.version)
}

// versionDetail is what a server says of one version.
type versionDetail struct {
	versionReply
	Name        string       `json:"name"`
	From        string       `json:"trained_from_position"`
	GAUC        float64      `json:"gauc"`
	Calibration float64      `json:"calibration"`
	Bytes       int64        `json:"bytes"`
	Form        string       `json:"form"`
	Signals     []string     `json:"signals"`
	Definitions string       `json:"definitions"`
	Ranking     rankingReply `json:"ranking"`
	Fields      []struct {
		Name    string `json:"name"`
		Kind    string `json:"kind"`
		Weights int64  `json:"weights"`
	} `json:"fields"`
}

type rankingReply struct {
	K         int     `json:"k"`
	Questions int64   `json:"questions"`
	NDCG      float64 `json:"ndcg"`
}

// difference is one thing in which two versions are not alike.
type difference struct {
	What string `json:"what"`
	A    string `json:"a"`
	B    string `json:"b"`
}

func (a *app) modelsDiff(ctx context.Context, server *client, from, to modelVersion) error {
	var sides [2]versionDetail
	for i, v := range []modelVersion{from, to} {
		if raw, _, err := server.call(ctx, http.MethodGet, v.path(), nil, &sides[i]); err != nil {
			if a.json {
				return a.printReply(raw, err)
			}
			return err
		}
	}
	list := differences(&sides[0], &sides[1])
	if a.json {
		text, err := json.Marshal(map[string]any{"a": from.String(), "b": to.String(), "differences": list})
		if err != nil {
			return err
		}
		return a.print(string(text) + "\n")
	}
	if len(list) == 0 {
		return a.print(fmt.Sprintf("%s and %s are alike\n", from, to))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "  %s  %s  %s\n", pad("", 16), pad(from.String(), 24), to)
	for _, d := range list {
		fmt.Fprintf(&b, "  %s  %s  %s\n", pad(d.What, 16), pad(clean(d.A), 24), clean(d.B))
	}
	return a.print(b.String())
}

// String is a version as people write it.
func (v modelVersion) String() string { return shownID(v.name) + "@" + strconv.Itoa(v.version) }

// differences lists in what two versions are not alike.
func differences(a, b *versionDetail) []difference {
	list := []difference{}
	say := func(what, one, other string) {
		if one != other {
			list = append(list, difference{what, one, other})
		}
	}
	figure := func(what string, one, other float64) {
		say(what, strconv.FormatFloat(one, 'f', 4, 64), strconv.FormatFloat(other, 'f', 4, 64))
	}
	count := func(what string, one, other int64) { say(what, grouped(one), grouped(other)) }
	say("form", a.Form, b.Form)
	say("kind", a.Kind, b.Kind)
	say("signals", strings.Join(a.Signals, " "), strings.Join(b.Signals, " "))
	say("trained", a.Created, b.Created)
	say("data", a.From+" to "+a.Until, b.From+" to "+b.Until)
	count("rows", a.Rows, b.Rows)
	figure("auc", a.AUC, b.AUC)
	figure("gauc", a.GAUC, b.GAUC)
	figure("logloss", a.LogLoss, b.LogLoss)
	figure("calibration", a.Calibration, b.Calibration)
	figure("ndcg", a.Ranking.NDCG, b.Ranking.NDCG)
	count("ndcg questions", a.Ranking.Questions, b.Ranking.Questions)
	figure("recall at 20", a.Recall.At20, b.Recall.At20)
	count("bytes", a.Bytes, b.Bytes)
	say("definitions", a.Definitions, b.Definitions)
	say("sha256", fmt.Sprintf("%.12s", a.SHA256), fmt.Sprintf("%.12s", b.SHA256))
	other := map[string]string{}
	for _, f := range b.Fields {
		other[f.Name] = fmt.Sprintf("%s, %s", f.Kind, plural(int(f.Weights), "weight"))
	}
	for _, f := range a.Fields {
		there, ok := other[f.Name]
		if !ok {
			there = "none"
		}
		say("field "+f.Name, fmt.Sprintf("%s, %s", f.Kind, plural(int(f.Weights), "weight")), there)
		delete(other, f.Name)
	}
	for _, f := range b.Fields {
		if there, ok := other[f.Name]; ok {
			say("field "+f.Name, "none", there)
		}
	}
	return list
}
