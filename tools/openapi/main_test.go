package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const people = `{"openapi":"3.1.0","info":{"title":"people","version":"1.0.0"},"tags":[{"name":"People"}],
"paths":{"/v1/people/{id}":{"get":{"summary":"one"}}},
"components":{"schemas":{"Person":{"type":"object"},"Status":{"type":"object"}}}}`

func TestJoin(t *testing.T) {
	tests := []struct {
		name    string
		part    string // joined to people
		want    string // or
		wantErr string
	}{
		{
			name: "another path, a shared schema",
			part: `{"openapi":"3.1.0","info":{},"tags":[{"name":"Roles"}],"paths":{"/v1/roles":{"get":{}}},"components":{"schemas":{"Status":{"type":"object"}}}}`,
			want: `{"openapi":"3.1.0","info":{"title":"Cairn","version":"v1"},"tags":[{"name":"People"},{"name":"Roles"}],` +
				`"paths":{"/v1/people/{id}":{"get":{"summary":"one"}},"/v1/roles":{"get":{}}},` +
				`"components":{"schemas":{"Person":{"type":"object"},"Status":{"type":"object"}}}}`,
		},
		{
			name: "another method of the same path",
			part: `{"openapi":"3.1.0","info":{},"paths":{"/v1/people/{id}":{"put":{}}},"components":{}}`,
			want: `{"openapi":"3.1.0","info":{"title":"Cairn","version":"v1"},"tags":[{"name":"People"}],` +
				`"paths":{"/v1/people/{id}":{"get":{"summary":"one"},"put":{}}},` +
				`"components":{"schemas":{"Person":{"type":"object"},"Status":{"type":"object"}}}}`,
		},
		{
			name:    "the same method again",
			part:    `{"openapi":"3.1.0","info":{},"paths":{"/v1/people/{id}":{"get":{}}}}`,
			wantErr: "path /v1/people/{id}: get is described twice, differently",
		},
		{
			name:    "another schema of the same name",
			part:    `{"openapi":"3.1.0","info":{},"paths":{},"components":{"schemas":{"Status":{"type":"string"}}}}`,
			wantErr: "components/schemas: Status is described twice, differently",
		},
		{
			name:    "a field that would be lost",
			part:    `{"openapi":"3.1.0","info":{},"paths":{},"servers":[]}`,
			wantErr: `unknown field "servers"`,
		},
		{
			name:    "another version of the format",
			part:    `{"openapi":"3.2.0","info":{},"paths":{}}`,
			wantErr: `openapi is "3.2.0", want "3.1.0"`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			doc := newDocument(info{Title: "Cairn", Version: "v1"})
			if err := doc.join([]byte(people)); err != nil {
				t.Fatal(err)
			}
			err := doc.join([]byte(tt.part))
			if tt.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), tt.wantErr) {
					t.Fatalf("join: got error %v, want %q", err, tt.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got, err := json.Marshal(doc)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, string(got)); diff != "" {
				t.Errorf("joined (-want +got):\n%s", diff)
			}
		})
	}
}
