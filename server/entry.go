package server

import (
	"strconv"

	"google.golang.org/protobuf/proto"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
)

// entryTag is the entity tag of the entry that m answers; empty for none.
func entryTag(m proto.Message) string {
	var e interface{ GetChangedRevision() uint64 }
	switch m := m.(type) {
	case *cairnv1.GetCompetencyResponse:
		e = m.GetAnswer().GetCompetency()
	case *cairnv1.GetAchievementResponse:
		e = m.GetAnswer().GetAchievement()
	case *cairnv1.GetRoleResponse:
		e = m.GetAnswer().GetRole()
	case *cairnv1.GetLadderResponse:
		e = m.GetAnswer().GetLadder()
	default:
		return ""
	}
	return strconv.Quote(strconv.FormatUint(e.GetChangedRevision(), 10))
}
