//! Scripts: the builder, the disassembler, the assembler.

use neovm::{
    OpCode, Script,
    types::{CallFlags, ScriptBuilder as Builder, asm, disasm, syscalls::syscall_name},
};
use pyo3::{
    exceptions::PyValueError,
    prelude::*,
    types::{PyBytes, PyTuple},
};

use crate::{hash::UInt160, value};

fn invalid(error: impl std::fmt::Display) -> PyErr {
    PyValueError::new_err(error.to_string())
}

/// Builds a script, instruction by instruction. The methods return the builder.
#[pyclass(module = "neovm")]
#[derive(Default)]
pub(crate) struct ScriptBuilder(Builder);

/// A place in a script that is being built.
#[pyclass(frozen, module = "neovm")]
pub(crate) struct Label(neovm::types::builder::Label);

type Chained<'py> = PyResult<PyRefMut<'py, ScriptBuilder>>;

#[pymethods]
impl ScriptBuilder {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    /// Adds what pushes a value: None, a bool, an int, a str, bytes, a hash, a list or a dict.
    fn push<'py>(mut this: PyRefMut<'py, Self>, value: &Bound<'py, PyAny>) -> Chained<'py> {
        let item = value::item(value)?;
        this.0.push(item);
        Ok(this)
    }

    /// Adds an instruction, by its name, with the bytes of its operand.
    #[pyo3(signature = (opcode, operand = None))]
    fn op<'py>(mut this: PyRefMut<'py, Self>, opcode: &str, operand: Option<&[u8]>) -> Chained<'py> {
        let opcode = opcode_named(opcode)?;
        this.0.op_with(opcode, operand.unwrap_or_default());
        Ok(this)
    }

    /// Adds bytes as they are.
    fn raw<'py>(mut this: PyRefMut<'py, Self>, bytes: &[u8]) -> PyRefMut<'py, Self> {
        this.0.raw(bytes);
        this
    }

    /// Adds a system call, by its name.
    fn syscall<'py>(mut this: PyRefMut<'py, Self>, name: &str) -> Chained<'py> {
        if syscall_name(neovm::types::hash::syscall_id(name)).is_none() {
            return Err(invalid(format!("there is no system call {name:?}")));
        }
        this.0.syscall(name);
        Ok(this)
    }

    /// Adds a call of a contract's method.
    #[pyo3(signature = (contract, method, *arguments))]
    fn call<'py>(
        mut this: PyRefMut<'py, Self>,
        contract: &Bound<'py, PyAny>,
        method: &str,
        arguments: &Bound<'py, PyTuple>,
    ) -> Chained<'py> {
        let contract = UInt160::of(contract)?.0;
        let items: Vec<_> = arguments.iter().map(|argument| value::item(&argument)).collect::<PyResult<_>>()?;
        this.0.dynamic_call(contract, method, CallFlags::ALL, &items);
        Ok(this)
    }

    /// Makes a label, which is bound later.
    fn label(&mut self) -> Label {
        Label(self.0.label())
    }

    /// Binds a label to the next instruction.
    fn bind<'py>(mut this: PyRefMut<'py, Self>, label: &Label) -> PyRefMut<'py, Self> {
        this.0.bind(label.0);
        this
    }

    /// Adds an instruction that leads to a label: a jump, CALL, ENDTRY or PUSHA.
    fn jump<'py>(mut this: PyRefMut<'py, Self>, opcode: &str, label: &Label) -> Chained<'py> {
        let opcode = opcode_named(opcode)?;
        this.0.jump(opcode, label.0);
        Ok(this)
    }

    /// Opens a try block.
    #[pyo3(signature = (catch = None, finally_ = None))]
    fn try_block<'py>(
        mut this: PyRefMut<'py, Self>,
        catch: Option<&Label>,
        finally_: Option<&Label>,
    ) -> PyRefMut<'py, Self> {
        this.0.try_block(catch.map(|label| label.0), finally_.map(|label| label.0));
        this
    }

    /// The script.
    fn build<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let script = self.0.build().map_err(invalid)?;
        Ok(PyBytes::new(py, script.bytes()))
    }
}

fn opcode_named(name: &str) -> PyResult<OpCode> {
    let known = (0..=u8::MAX).filter_map(OpCode::from_byte).find(|opcode| opcode.mnemonic() == name);
    known.ok_or_else(|| invalid(format!("there is no instruction {name:?}")))
}

/// Shows a script as text, which `assemble` takes.
#[pyfunction]
pub(crate) fn disassemble(script: &[u8]) -> String {
    disasm::disassemble(&Script::from(script.to_vec())).to_string()
}

/// Makes a script of its text.
#[pyfunction]
pub(crate) fn assemble<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyBytes>> {
    let script = asm::assemble(text).map_err(invalid)?;
    Ok(PyBytes::new(py, script.bytes()))
}
