//go:build !linux

package neo4jtest

import (
	"errors"
	"os"
	"os/exec"
)

// endWithParent does nothing: a killed test binary leaves its server behind.
func endWithParent(*exec.Cmd) {}

// canLock is false: folders left behind are not swept.
const canLock = false

func tryLock(*os.File) bool { return false }

// waitLock takes no lock: tests on one external server need go test -p 1.
func waitLock(*os.File) error { return nil }

func (p *process) pause() error { return errors.New("processes are paused on Linux only") }

func (p *process) resume() error { return nil }
