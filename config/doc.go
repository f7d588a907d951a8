// Package config reads the one configuration file: what is recorded, which features are
// kept, which recall routes exist and which of them serve each scene.
//
// Typical sequence of calls:
//
//	cfg, problems := config.Parse("freshet.yaml", text, os.LookupEnv) // or config.Default()
//	for _, p := range problems { ... }                                // all of them, in file order
//	err := cfg.Override("listen", value, "flag --listen")             // variables first, then flags
//	cfg.YAML(), cfg.Origins()                                         // what is in force, and who said so
//	config.Schema()                                                   // the same rules for an editor
//
// The rules a file obeys:
//
//   - It is one YAML document (JSON is a subset) holding a mapping. Anchors, aliases, merge
//     keys, tags, directives and "? " keys are refused. No key may be unknown or repeated.
//   - Nothing is coerced: 5 is not a duration, "5" is not a number, yes is not true.
//   - A section in the file replaces the default one: features, recall, scenes. Under events
//     the file's names are merged into the built-in ones. What the file does not mention
//     keeps its default, so an empty file is [Default].
//   - ${NAME} inside a text value is the environment's NAME, which must be set; $${ stands
//     for a literal ${. Keys, numbers and switches are never expanded.
//   - What is designed but not built is refused by name, so that no setting is silently
//     without effect.
//
// Left out on purpose: opening files (the caller passes bytes), whether an address is free
// or a directory usable (known only when they are taken), and whether definitions suit the
// state already on disk (the feature engine compares the two).
package config
