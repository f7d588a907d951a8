package httpapi_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/freshet-rec/freshet/httpapi"
)

// reloads answers as it was told.
type reloads struct {
	done *httpapi.Reload
	err  error
}

func (r *reloads) Reload(context.Context) (*httpapi.Reload, error) { return r.done, r.err }

func (r *reloads) State() httpapi.ReloadState {
	return httpapi.ReloadState{Warming: &httpapi.Warming{Names: []string{"f"}, Position: 7, Until: 9, Share: 0.5, Keys: 3}, Counts: map[string]uint64{"refused": 2}}
}

func TestReload(t *testing.T) {
	r := newRig(t, plan{})
	var p problemDoc
	r.do(t, "POST", "/v1/config/reload", "").want(t, http.StatusConflict, &p)
	if p.Code != "not_available" {
		t.Errorf("without a configuration: %+v", p)
	}
	if body := r.do(t, "GET", "/status", "").body; !strings.Contains(body, `"features":{"warming":null,"last_reload":null,"reloads":null,"keys":0,`) {
		t.Errorf("status %s", body)
	}
	said := &reloads{}
	r.API.Reloads = said
	for _, c := range []struct {
		name   string
		done   *httpapi.Reload
		err    error
		status int
		has    []string
	}{
		{"unchanged", &httpapi.Reload{Outcome: httpapi.ReloadUnchanged}, nil, 200, []string{`"outcome":"unchanged"`}},
		{"warming", &httpapi.Reload{Outcome: httpapi.ReloadWarming, Records: 5, Changes: []httpapi.ReloadChange{{Name: "f", Change: "added"}}}, nil, 202, []string{`"records":5`, `{"name":"f","change":"added"}`}},
		{"errors", nil, &httpapi.ReloadRefused{Code: "bad_config", Detail: "1 error", Faults: []httpapi.ReloadFault{{File: "f.yaml", Line: 3, Column: 9, Code: "bad_config", Message: "no"}}}, 422, []string{`"code":"bad_config"`, `"file":"f.yaml","line":3,"column":9`}},
		{"restart", nil, &httpapi.ReloadRefused{Code: "needs_restart", Detail: "listen"}, 409, []string{`"code":"needs_restart"`}},
		{"meaning", nil, &httpapi.ReloadRefused{Code: "feature_changed", Detail: "f"}, 422, []string{`"code":"feature_changed"`}},
		{"released", nil, &httpapi.ReloadRefused{Code: "released", Detail: "f"}, 422, []string{`"code":"released"`}},
		{"twice", nil, &httpapi.ReloadRefused{Code: "warming", Detail: "f"}, 409, []string{`"code":"warming"`}},
		{"another error", nil, errors.New("x"), 503, []string{`"code":"busy"`}},
	} {
		said.done, said.err = c.done, c.err
		reply := r.do(t, "POST", "/v1/config/reload", "")
		if reply.status != c.status {
			t.Errorf("%s: status %d, want %d", c.name, reply.status, c.status)
		}
		for _, text := range c.has {
			if !strings.Contains(reply.body, text) {
				t.Errorf("%s: no %s in %s", c.name, text, reply.body)
			}
		}
	}
	said.err = nil
	r.do(t, "POST", "/v1/config/reload", "", "Origin", "https://elsewhere.example", "Sec-Fetch-Site", "cross-site").want(t, http.StatusForbidden, &p)
	if body := r.do(t, "GET", "/status", "").body; !strings.Contains(body, `"features":{"warming":{"names":["f"],"position":"7","until":"9","share":0.5,"feature_keys":3}`) {
		t.Errorf("status %s", body)
	}
	body := r.do(t, "GET", "/metrics", "").body
	for _, line := range []string{`freshet_config_reloads_total{outcome="refused"} 2`, `freshet_config_reloads_total{outcome="applied"} 0`, `freshet_features_warming_share 0.5`} {
		if !strings.Contains(body, "\n"+line+"\n") {
			t.Errorf("metrics have no %s", line)
		}
	}
}

func TestFeatureDefs(t *testing.T) {
	r := newRig(t, plan{})
	r.post(t, act("ada", "click", "i-1", t0), act("ada", "expose", "i-2", t0))
	r.features(t, `{"user_id":"ada","item_ids":["i-1","i-9"],"context":{"device":"phone"}}`)
	var reply struct {
		Definitions string
		Data        []struct {
			Name, Kind    string
			Version, Keys int
			Events, Reads int
			Default       *float64 `json:"default_share"`
			Since         *string  `json:"since_position"`
			Definition    map[string]any
		}
	}
	r.do(t, "GET", "/v1/feature-defs", "").want(t, 200, &reply)
	var got []string
	for _, f := range reply.Data {
		got = append(got, f.Name)
		if f.Version != 1 || f.Definition["name"] != f.Name || f.Since != nil || f.Reads != 2 || f.Default == nil {
			t.Errorf("%+v", f)
		}
	}
	if want := []string{"user.clicks_5m", "user.last_click_age", "item.ctr", "pair.clicks"}; !slices.Equal(got, want) {
		t.Errorf("features %q, want %q", got, want)
	}
	if ctr := reply.Data[2]; ctr.Kind != "rate" || ctr.Keys != 2 || ctr.Events != 2 || *ctr.Default != 0.5 {
		t.Errorf("item.ctr: %+v", ctr)
	}
	var p problemDoc
	r.do(t, "POST", "/v1/features", `{"context":7}`).want(t, 422, &p)
	r.do(t, "GET", "/v1/feature-defs?x=1", "").want(t, 422, &p)
}
