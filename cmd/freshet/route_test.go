package main

import (
	"reflect"
	"testing"

	"github.com/freshet-rec/freshet/config"
	"github.com/freshet-rec/freshet/fold"
)

// TestEverySettingOfARouteReachesTheFold: what shapes a route's tables is in both structs under one
// name, and foldRoute forgets none of it.
func TestEverySettingOfARouteReachesTheFold(t *testing.T) {
	var from config.Route
	given := reflect.ValueOf(&from).Elem()
	for i := range given.NumField() {
		switch field := given.Field(i); field.Kind() {
		case reflect.String:
			field.SetString("x")
		case reflect.Int, reflect.Int64:
			field.SetInt(7)
		case reflect.Float64:
			field.SetFloat(7)
		default:
			t.Fatalf("no value for the setting %s", given.Type().Field(i).Name)
		}
	}
	got := reflect.ValueOf(foldRoute(from))
	for i := range got.NumField() {
		name := got.Type().Field(i).Name
		if want := given.FieldByName(name); !want.IsValid() || want.Interface() != got.Field(i).Interface() {
			t.Errorf("fold.Route.%s is %v, config.Route has %v", name, got.Field(i), want)
		}
	}
	serving := map[string]bool{"N": true, "Budget": true, "URL": true, "Timeout": true, "Slots": true} // for asking a route, not for keeping its tables
	for i := range given.NumField() {
		name := given.Type().Field(i).Name
		if !serving[name] && !reflect.ValueOf(fold.Route{}).FieldByName(name).IsValid() {
			t.Errorf("config.Route.%s does not reach the fold", name)
		}
	}
}
