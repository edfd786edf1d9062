//! The functions of a script.

use std::collections::BTreeMap;

use neovm::{OpCode, Script, types::manifest::Method};

/// The functions of a script: the methods of a manifest, and whatever its
/// instructions call.
#[derive(Clone, Debug, Default)]
pub struct Functions {
    /// Where they start, in bytes.
    starts: BTreeMap<usize, Option<Method>>,
}

impl Functions {
    /// Finds the functions of a script with these methods.
    pub fn new(script: &Script, methods: &[Method]) -> Self {
        let called = script.instructions().filter_map(|(position, instruction)| {
            let instruction = instruction.ok()?;
            let is_call = matches!(instruction.opcode, OpCode::CALL | OpCode::CALL_L | OpCode::PUSHA);
            let offset = instruction.offsets().0.filter(|_| is_call)?;
            Some((usize::try_from(position as i64 + i64::from(offset)).ok()?, None))
        });
        let mut starts: BTreeMap<usize, Option<Method>> = called.collect();
        starts.extend(methods.iter().map(|method| (method.offset as usize, Some(method.clone()))));
        Self { starts }
    }

    /// Returns the start of the function that holds a position, and its method.
    pub fn at(&self, position: usize) -> Option<(usize, Option<&Method>)> {
        self.starts.range(..=position).next_back().map(|(start, method)| (*start, method.as_ref()))
    }

    /// Returns the functions in the order of their positions: where they start, and their methods.
    pub fn iter(&self) -> impl Iterator<Item = (usize, Option<&Method>)> {
        self.starts.iter().map(|(start, method)| (*start, method.as_ref()))
    }

    /// Returns the method that starts at a position.
    pub fn method_at(&self, start: usize) -> Option<&Method> {
        self.starts.get(&start)?.as_ref()
    }
}
