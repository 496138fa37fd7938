package graph

import "context"

// RowStore is a [Store] made for opening millions of facts: its facts come as
// rows, and names when the rest can be asked for already.
type RowStore interface {
	Store

	// LoadRows is [Store.Load] with two differences. Awards come as rows beside
	// their batch, whose Awards are empty; rows and words are lent until apply
	// returns. And personal records have no name: LoadNames tells them.
	LoadRows(ctx context.Context, apply func(Batch, Rows) error) (Revision, error)

	// LoadNames calls apply with the newest personal record, with the name only,
	// of everybody who had one at revision at, which LoadRows returned. Errors of
	// apply and damage are as for Load.
	LoadNames(ctx context.Context, at Revision, apply func([]Personal) error) error

	// ReadName is what LoadNames tells of one person.
	ReadName(ctx context.Context, person ID, at Revision) (Personal, error)
}

// Rows are awards that point into a list of IDs, so that what is said of one ID
// is found out once and not once an award.
type Rows struct {
	Words  []ID
	Awards []AwardRow
}

// AwardRow is an [Award] with positions in [Rows.Words] in the place of IDs. It
// holds no pointer.
type AwardRow struct {
	ID                          FactID
	IssuedAt, ValidUntil        Instant
	Person, Achievement, Issuer uint32
	Source                      AwardSource
	Rigor                       Rigor
	Version                     int
}

// Award is the i-th award.
func (r *Rows) Award(i int) Award {
	w := &r.Awards[i]
	return Award{
		ID: w.ID, Person: r.Words[w.Person], Achievement: r.Words[w.Achievement], Version: w.Version, IssuedAt: w.IssuedAt,
		ValidUntil: w.ValidUntil, Source: w.Source, Rigor: w.Rigor, Issuer: r.Words[w.Issuer],
	}
}

// rowWord is what is known of a word of Rows: positions and 1 more. 0 is one
// that was not looked for yet, or of the issuer None.
type rowWord struct {
	person, achievement, issuer uint32
	versions                    int
}

// rows takes the rows of a load at revision rev.
func (l *loader) rows(r *Rows, at Instant, rev Revision) error {
	if cap(l.words) < len(r.Words) {
		l.words = make([]rowWord, 2*len(r.Words))
	}
	words := l.words[:len(r.Words)]
	clear(words)
	for i := range r.Awards {
		w := &r.Awards[i]
		person, achievement, issuer := &words[w.Person], &words[w.Achievement], &words[w.Issuer]
		if person.person == 0 {
			i, err := l.person(r.Words[w.Person], at, rev)
			if err != nil {
				return err
			}
			person.person = i + 1
		}
		if achievement.achievement == 0 {
			i, err := l.achievement(r.Words[w.Achievement])
			if err != nil {
				return err
			}
			achievement.achievement, achievement.versions = i+1, len(l.reg.achievements.rows[i].value)
		}
		if w.Version < 0 || w.Version > achievement.versions {
			return Invalid(string(r.Words[w.Achievement]), "an award names a version that is not stored; the store is damaged")
		}
		if issuer.issuer == 0 {
			i, err := l.findIssuer(r.Words[w.Issuer])
			if err != nil {
				return err
			}
			issuer.issuer = uint32(i + 1)
		}
		l.awards.add(person.person-1, award{
			id: w.ID, issued: w.IssuedAt, until: w.ValidUntil, achievement: AchievementIndex(achievement.achievement - 1),
			issuer: IssuerIndex(issuer.issuer - 1), version: uint16(w.Version), source: w.Source, rigor: w.Rigor,
		})
	}
	return nil
}

// achievement is the position of an achievement. A part of a great file names
// most achievements of a catalog anew, so they are in a table too.
func (l *loader) achievement(id ID) (uint32, error) {
	rows := l.reg.achievements.rows
	if i, ok := l.achievements.find(id, func(i uint32) ID { return rows[i].id }); ok {
		return i, nil
	}
	i, ok := l.reg.achievements.find(id)
	if !ok {
		return 0, unknown(KindAchievement, id, "the store is damaged")
	}
	l.achievements.add(id, i)
	return i, nil
}
