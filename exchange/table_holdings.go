package exchange

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// holdings reads a file of people with what they hold: a map with the key
// people and a list, or the map of one person. A person has the keys person,
// name, assignments, awards and claims; the last three are lists of rows. An
// award may be its achievement's id alone, and claims may be a map from
// competency to level.
func (d *tableDecoder) holdings(r io.Reader) error {
	content, err := io.ReadAll(io.LimitReader(r, MaxCatalogFileBytes+1))
	if err != nil {
		return readError(Place{File: d.name}, err)
	}
	if len(content) > MaxCatalogFileBytes {
		return limitError(Place{File: d.name}, fmt.Sprintf("holds more than %d bytes; write so many people as CSV or JSON Lines", MaxCatalogFileBytes))
	}
	root, bad := parseCatalogFile(File{Name: strings.TrimSuffix(strings.ToLower(d.name), ".gz"), Content: content})
	if bad != nil {
		return fileError(Place{d.name, bad.line}, "NOT_YAML", bad.message+"; "+bad.hint)
	}
	if root == nil {
		return fileError(Place{d.name, 1}, "EMPTY", "the file is empty; it begins with person: or people:")
	}
	if root.Kind != yaml.MappingNode {
		return fileError(Place{d.name, root.Line}, "NO_PEOPLE", "the file is a "+nodeWord(root)+"; it begins with person: or people:")
	}
	people := mapEntry(root, "people")
	if people == nil {
		return d.holder(root)
	}
	for i := 0; i+1 < len(root.Content); i += 2 {
		if k := root.Content[i]; k.Value != "people" {
			d.unknownKey(k, []string{"people"})
		}
	}
	if people.Kind != yaml.SequenceNode {
		return fileError(Place{d.name, people.Line}, "NO_PEOPLE", "people is a "+nodeWord(people)+"; it is a list of people")
	}
	for _, p := range people.Content {
		if err := d.holder(p); err != nil {
			return err
		}
	}
	return nil
}

// holderLists are the keys of a person that hold rows.
var holderLists = map[string]TableKind{"assignments": PeopleTable, "awards": AwardTable, "claims": ClaimTable}

// holder reads one person. Nothing of a person without a usable id is read.
func (d *tableDecoder) holder(n *yaml.Node) error {
	if n.Kind != yaml.MappingNode {
		return d.refuseNode(n, PeopleTable, "", findWrongType, "a person is a "+nodeWord(n), "a person is a map: person, name, assignments, awards, claims")
	}
	self := &yaml.Node{Kind: yaml.MappingNode, Line: n.Line}
	var lists []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		switch {
		case k.Value == "person" || k.Value == "name":
			self.Content = append(self.Content, k, v)
		case holderLists[k.Value] != AnyTable:
			if slices.ContainsFunc(lists, func(l *yaml.Node) bool { return l.Value == k.Value }) {
				return d.refuseNode(k, holderLists[k.Value], k.Value, findDuplicateKey, "stands twice in one person", "put the entries into one list")
			}
			lists = append(lists, k, v)
		default:
			d.unknownKey(k, []string{"person", "name", "assignments", "awards", "claims"})
		}
	}
	row := d.treeRow(self, n.Line, PeopleTable, "")
	if err := d.add(row); err != nil {
		return err
	}
	if len(row.Refused) > 0 {
		for i := 0; i+1 < len(lists); i += 2 {
			k := lists[i]
			err := d.refuseNode(k, holderLists[k.Value], k.Value, findNoPerson, "belong to a person that is refused", "mend the person")
			if err != nil {
				return err
			}
		}
		return nil
	}
	for i := 0; i+1 < len(lists); i += 2 {
		if err := d.holderRows(lists[i].Value, lists[i+1], string(row.Person)); err != nil {
			return err
		}
	}
	return nil
}

// holderRows reads the entries of a person's list.
func (d *tableDecoder) holderRows(key string, n *yaml.Node, person string) error {
	kind := holderLists[key]
	if n.Kind == yaml.MappingNode && kind == ClaimTable {
		for i := 0; i+1 < len(n.Content); i += 2 {
			pair := &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{
				plainText("competency"), n.Content[i], plainText("level"), n.Content[i+1],
			}}
			if err := d.add(d.treeRow(pair, n.Content[i].Line, kind, person)); err != nil {
				return err
			}
		}
		return nil
	}
	if n.Kind == yaml.ScalarNode && scalarTag(n) == "!!null" {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		return d.refuseNode(n, kind, key, findWrongType, "is a "+nodeWord(n), "it is a list")
	}
	for _, item := range n.Content {
		m := item
		if item.Kind == yaml.ScalarNode && kind == AwardTable {
			m = &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{plainText("achievement"), item}}
		}
		var err error
		if m.Kind == yaml.MappingNode {
			err = d.add(d.treeRow(m, item.Line, kind, person))
		} else {
			err = d.refuseNode(item, kind, key, findWrongType, "holds a "+nodeWord(item), "each entry is a map")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (d *tableDecoder) refuseNode(n *yaml.Node, kind TableKind, column, code, message, hint string) error {
	return d.add(Row{Line: n.Line, Kind: kind, Refused: []Finding{d.refuse(n.Line, code, column, message, hint)}})
}

func (d *tableDecoder) unknownKey(k *yaml.Node, known []string) {
	hint := "the keys are " + strings.Join(known, ", ")
	if d.report.keeps(findUnknownColumn) {
		if near := nearest(k.Value, known); near != "" {
			hint = fmt.Sprintf("is %s meant?", near)
		}
	}
	d.report.Add(Finding{
		Severity: Warning, Code: findUnknownColumn, File: d.name, Line: k.Line, Column: k.Value,
		Message: fmt.Sprintf("the key %s is not read", quoteShort(k.Value)), Hint: hint,
	})
}

// plainText is a plain text of a tree.
func plainText(text string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
}

// mapEntry is the value under a key of a map; nil without it.
func mapEntry(n *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}
