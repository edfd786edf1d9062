module github.com/neovm/neovm/bindings/go

go 1.24
