package exchange

import (
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/cairn-skills/cairn/graph"
)

// escoPart is one file of the set, in the order of reading: what is pointed at
// comes before what points.
type escoPart struct {
	stem     string // the beginning of the file's name
	kind     string // what its rows are, for the report
	language bool   // the file exists once per language
	read     func(*escoDecoder, escoFile) error
}

func escoParts() []escoPart {
	return []escoPart{
		{"conceptSchemes", "concept schemes", true, (*escoDecoder).readSchemes},
		{"ISCOGroups", "ISCO groups", true, (*escoDecoder).readISCOGroups},
		{"skillGroups", "skill groups", true, (*escoDecoder).readSkillGroups},
		{"skills", "skills", true, (*escoDecoder).readSkills},
		{"occupations", "occupations", true, (*escoDecoder).readOccupations},
		{"broaderRelationsSkillPillar", "broader links of skills", false, (*escoDecoder).readBroaderSkills},
		{"broaderRelationsOccPillar", "broader links of occupations", false, (*escoDecoder).readBroaderOccupations},
		{"occupationSkillRelations", "skills of occupations", false, (*escoDecoder).readOccupationSkills},
		{"skillSkillRelations", "skills of skills", false, (*escoDecoder).readSkillSkills},
		{"skillsHierarchy", "hierarchy of skill groups", true, (*escoDecoder).readHierarchy},
		{"*Collection", "members of a collection", true, (*escoDecoder).readCollection},
	}
}

// escoFile is a file of the set.
type escoFile struct {
	name string
	part *escoPart
	lang graph.Lang // empty for relations
	stem string
}

// escoName is stem, an optional language, the ending. The language is two or
// three letters, with a region or script at most ("en", "de-AT", "sr-Latn").
var escoName = regexp.MustCompile(`^([A-Za-z]+?)(?:_([A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})?))?\.csv(?:\.gz)?$`)

// files are the files of the set in fsys, in the order of reading. Other files
// are reported; the same part twice in one language is an error.
func (d *escoDecoder) files() ([]escoFile, error) {
	entries, err := fs.ReadDir(d.fsys, ".")
	if err != nil {
		return nil, fmt.Errorf("list the files of ESCO: %w", err)
	}
	parts := escoParts()
	byPart := make([][]escoFile, len(parts))
	for _, e := range entries {
		if e.IsDir() {
			d.find(Note, findOtherFile, Place{File: e.Name()}, "", "is a folder and is not read", "")
			continue
		}
		i, f := escoFileOf(parts, e.Name())
		if i < 0 {
			d.find(Note, findOtherFile, Place{File: e.Name()}, "", "is not a file of the ESCO set and is not read", "")
			continue
		}
		same := func(g escoFile) bool { return g.stem == f.stem && g.lang == f.lang }
		if j := slices.IndexFunc(byPart[i], same); j >= 0 {
			return nil, fileError(Place{File: f.name}, "TWICE", fmt.Sprintf("is there as %s already; keep one of the two", byPart[i][j].name))
		}
		byPart[i] = append(byPart[i], f)
	}
	var out []escoFile
	for i, fs := range byPart {
		if len(fs) > 1 && !parts[i].language {
			for _, f := range fs[1:] {
				d.find(Note, findOtherFile, Place{File: f.name}, "", "is not read: relations are the same in every language, and "+fs[0].name+" is read", "")
			}
			fs = fs[:1]
		}
		if len(fs) == 0 {
			d.find(Note, findAbsentFile, Place{}, "", fmt.Sprintf("no file %s*.csv is there: no %s", parts[i].stem, parts[i].kind), "")
		}
		out = append(out, fs...)
	}
	return out, need(byPart, parts)
}

// ESCOFile tells the stem of a file of the ESCO set by its name, for example
// "skills" of skills_en.csv.gz; false for another file.
func ESCOFile(name string) (stem string, ok bool) {
	i, f := escoFileOf(escoParts(), name)
	return f.stem, i >= 0
}

// escoFileOf tells which part a file is; -1 for none.
func escoFileOf(parts []escoPart, name string) (int, escoFile) {
	m := escoName.FindStringSubmatch(name)
	if m == nil {
		return -1, escoFile{}
	}
	for i := range parts {
		p := &parts[i]
		suffix, collection := strings.CutPrefix(p.stem, "*")
		if strings.EqualFold(m[1], p.stem) || collection && strings.HasSuffix(strings.ToLower(m[1]), strings.ToLower(suffix)) {
			f := escoFile{name: name, part: p, lang: graph.Lang(m[2]), stem: strings.ToLower(m[1])}
			if p.language && f.lang == "" {
				f.lang = "en"
			}
			return i, f
		}
	}
	return -1, escoFile{}
}

// need refuses a set that would be misread: without skills there is nothing,
// and occupations without their relations would be roles that anybody meets.
func need(byPart [][]escoFile, parts []escoPart) error {
	have := make(map[string]bool)
	for i, fs := range byPart {
		have[parts[i].stem] = len(fs) > 0
	}
	switch {
	case !have["skills"]:
		return graph.Invalid("esco", "no file skills_*.csv or skills_*.csv.gz is in the folder; name the folder that holds the unpacked CSV files of ESCO")
	case have["occupations"] && !have["occupationSkillRelations"]:
		return graph.Invalid("esco", "occupations are there but no file occupationSkillRelations.csv; without it every role would ask for nothing")
	}
	return nil
}
