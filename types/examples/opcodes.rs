//! Prints the page of opcodes:
//! `cargo run -p neovm-types --example opcodes > docs/opcodes.md`.

fn main() {
    print!("{}", neovm_types::opcode::markdown_table());
}
