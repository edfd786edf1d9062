//go:build cgo

package engine_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/neovm/neovm/bindings/go/internal/recorded"
)

// The minute of the README compiles and prints what it says.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	parts := regexp.MustCompile("(?s)```go\n(.*?)```.*?```text\n(.*?)```").FindSubmatch(readme)
	if parts == nil {
		t.Fatal("there is no example")
	}
	const path = "github.com/neovm/neovm/bindings/go"
	module := "module minute\n\ngo 1.24\n\nrequire " + path + " v0.0.0\n\nreplace " + path + " => " +
		recorded.Project("bindings/go") + "\n"
	folder := t.TempDir()
	for name, text := range map[string]string{"go.mod": module, "main.go": string(parts[1])} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	command := exec.Command("go", "run", ".")
	command.Dir = folder
	out, err := command.CombinedOutput()
	if err != nil || string(out) != string(parts[2]) {
		t.Errorf("%s %v", out, err)
	}
}
