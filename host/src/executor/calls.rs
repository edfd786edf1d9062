//! Which script called which.

use neovm_interp::LoadId;
use neovm_types::Hash160;

use super::Execution;

/// A context that an execution loaded: a script, or a CALL within one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallNode {
    /// The number of contexts below it on the invocation stack.
    pub depth: usize,
    /// The hash of the script, or of the contract that it belongs to.
    pub script_hash: Hash160,
    /// The position in the script where it begins, in bytes.
    pub position: usize,
    /// Whether it is a CALL: a context of the same load as the one that called it.
    pub is_internal: bool,
}

/// Records which script called which, a node for each context in the order of the calls.
///
/// ```
/// use neovm_host::{CallTrace, Chain, Execution, Invocation, ProtocolSettings};
/// use neovm_types::Hash160;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let chain = Chain::new(ProtocolSettings::private())?;
/// let gas: Hash160 = "0xd2a4cff31913016155e38e474a2c06d08be276cf".parse()?;
/// let pending = chain.prepare(&Invocation::call(gas, "decimals", vec![])?)?;
/// let mut execution = Execution::new(chain.network(), chain.store(), &pending.job())?;
/// let mut calls = CallTrace::default();
/// execution.run_watched(|execution| calls.watch(execution));
/// let [entry, callee] = calls.nodes() else { panic!("two scripts ran") };
/// assert_eq!((entry.depth, callee.depth), (0, 1));
/// assert_eq!(callee.script_hash, gas);
/// # Ok(())
/// # }
/// ```
///
/// Source: `Diagnostic.cs` of the reference node's RPC server.
#[derive(Clone, Debug, Default)]
pub struct CallTrace {
    nodes: Vec<CallNode>,
    /// The contexts on the invocation stack, the current one last.
    open: Vec<LoadId>,
}

impl CallTrace {
    /// Takes note of the contexts that the last instruction loaded. To be called before
    /// each instruction and once after the last one.
    pub fn watch(&mut self, execution: &Execution<'_>) {
        let vm = execution.vm();
        if self.open.len() == vm.depth() && self.open.last() == vm.current_load().as_ref() {
            return;
        }
        let mut contexts: Vec<_> = vm.invocation_stack().map(|context| (context.load, context.position)).collect();
        contexts.reverse();
        let same = self.open.iter().zip(&contexts).take_while(|(old, (new, _))| *old == new).count();
        let scripts = execution.running_scripts();
        for (depth, script) in scripts.iter().rev().enumerate().skip(same) {
            let (load, position) = contexts[depth];
            let is_internal = depth > 0 && contexts[depth - 1].0 == load;
            self.nodes.push(CallNode { depth, script_hash: script.hash, position, is_internal });
        }
        self.open = contexts.into_iter().map(|(load, _)| load).collect();
    }

    /// The nodes, in the order in which they were called. One that is called by another
    /// comes behind it, with a greater depth.
    pub fn nodes(&self) -> &[CallNode] {
        &self.nodes
    }
}
