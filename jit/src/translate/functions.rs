//! The functions that a compiled function calls.

use cranelift_codegen::ir::{FuncRef, Function};
use neovm_interp::tier::Builtin;

use crate::{analysis::methods::Methods, memory::module::Linker};

/// The methods and builtins that a function may call, as declared in it.
pub(super) struct Functions<'a> {
    linker: Linker<'a>,
    /// Methods by their first instruction.
    methods: Vec<(usize, FuncRef)>,
    /// Builtins by address; those called so far, which are few.
    builtins: Vec<(*const u8, FuncRef)>,
}

impl<'a> Functions<'a> {
    /// Declares methods in the function that calls them.
    pub(super) fn new(linker: Linker<'a>, methods: &Methods, caller: &mut Function) -> Self {
        let methods = methods.found.keys().filter_map(|&entry| Some((entry, linker.method(entry, caller)?))).collect();
        Self { linker, methods, builtins: Vec::new() }
    }

    /// Returns whether there are methods to call.
    pub(super) fn has_methods(&self) -> bool {
        !self.methods.is_empty()
    }

    pub(super) fn method(&self, entry: usize) -> Option<FuncRef> {
        self.methods.iter().find(|(own, _)| *own == entry).map(|(_, function)| *function)
    }

    /// Returns a builtin. Its first call declares it.
    pub(super) fn builtin<const P: usize, const R: usize>(
        &mut self,
        builtin: &Builtin<P, R>,
        caller: &mut Function,
    ) -> FuncRef {
        if let Some(&(_, known)) = self.builtins.iter().find(|(address, _)| *address == builtin.address()) {
            return known;
        }
        let function = self.linker.builtin(builtin, caller);
        self.builtins.push((builtin.address(), function));
        function
    }
}
