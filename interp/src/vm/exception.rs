//! Try blocks, exceptions and the search for a handler.
//!
//! Source: `JumpTable.Control.cs` (`ExecuteTry`, `ExecuteEndTry`,
//! `ExecuteThrow`), `VMUnhandledException.cs`.

use alloc::string::String;

use neovm_types::{FaultKind, StackItem};

use super::Vm;
use crate::{
    frame::{TryBlock, TryState},
    host::{Host, HostError},
};

impl Vm {
    /// Opens a try block; offsets of 0 stand for no handler.
    pub(crate) fn begin_try(&mut self, catch: i32, finally: i32) -> Result<(), FaultKind> {
        if catch == 0 && finally == 0 {
            return Err(FaultKind::TryWithoutHandler);
        }
        if self.try_blocks.len() - self.try_base as usize >= self.limits.max_try_nesting_depth as usize {
            return Err(FaultKind::MaxTryNestingDepth);
        }
        let position = |offset| if offset == 0 { Ok(-1) } else { self.target(offset) };
        let (catch, finally) = (position(catch)?, position(finally)?);
        self.try_blocks.push(TryBlock { catch, finally, end: -1, state: TryState::Try });
        Ok(())
    }

    /// Returns the innermost try block of the current context.
    fn try_block(&mut self) -> Option<&mut TryBlock> {
        if self.try_blocks.len() > self.try_base as usize { self.try_blocks.last_mut() } else { None }
    }

    /// Leaves a try or catch block and continues at an offset, after the finally
    /// block if there is one.
    pub(crate) fn end_try(&mut self, offset: i32) -> Result<(), FaultKind> {
        let end = self.target(offset);
        let block = self.try_block().ok_or(FaultKind::NoTry)?;
        if block.state == TryState::Finally {
            return Err(FaultKind::EndTryInFinally);
        }
        let end = end?;
        if block.has_finally() {
            block.state = TryState::Finally;
            block.end = end;
            let finally = block.finally;
            self.go_to(finally.into())
        } else {
            self.try_blocks.pop();
            self.go_to(end.into())
        }
    }

    /// Ends a finally block: continues where ENDTRY said, or throws the pending
    /// exception again.
    pub(crate) fn end_finally(&mut self, host: &mut dyn Host) -> Result<(), FaultKind> {
        let end = self.try_block().ok_or(FaultKind::NoTry)?.end;
        self.try_blocks.pop();
        match self.pending.take() {
            None => self.go_to(end.into()),
            Some(exception) => self.throw(exception, host),
        }
    }

    /// Throws an exception: unwinds to the innermost handler and continues there.
    ///
    /// # Errors
    /// [`FaultKind::Unhandled`] if no context has a handler; no context is
    /// dropped then. [`FaultKind::OutOfScript`] if the handler's position is
    /// outside the script.
    pub(crate) fn throw(&mut self, exception: StackItem, host: &mut dyn Host) -> Result<(), FaultKind> {
        let mut exception = exception;
        // This ends: each turn unloads a script, and the host cannot load one
        // meanwhile.
        loop {
            match self.unwind(exception, host) {
                Ok(()) => return self.enter_handler(),
                Err(HostError::Fault(kind)) => return Err(kind),
                // The host threw it when a load was unwound.
                Err(HostError::Throw(next)) => exception = next,
            }
        }
    }

    /// Drops the contexts above the one with the innermost handler.
    fn unwind(&mut self, exception: StackItem, host: &mut dyn Host) -> Result<(), HostError> {
        self.jumped = true;
        if self.pending.replace(exception).is_some() {
            self.look_at_held();
        }
        let Some(contexts) = self.contexts_to_unwind() else {
            return Err(FaultKind::Unhandled(self.pending.as_ref().and_then(unhandled_message)).into());
        };
        for _ in 0..contexts {
            self.unwind_context(host)?;
        }
        Ok(())
    }

    /// Continues in the current context's innermost handler.
    fn enter_handler(&mut self) -> Result<(), FaultKind> {
        let Some(block) = self.try_block() else { return Err(FaultKind::Engine("a handler got lost")) };
        if block.state == TryState::Try && block.has_catch() {
            block.state = TryState::Catch;
            let catch = block.catch;
            if let Some(exception) = self.pending.clone() {
                self.push(exception);
            }
            self.go_to(catch.into())?;
            self.pending = None;
            Ok(())
        } else {
            block.state = TryState::Finally;
            let finally = block.finally;
            self.go_to(finally.into())
        }
    }

    /// Returns the number of contexts above the one with the innermost handler, or
    /// `None` if no context has one. Closes try blocks whose handlers already ran.
    fn contexts_to_unwind(&mut self) -> Option<usize> {
        let mut base = self.try_base as usize;
        for context in 0..self.depth() {
            while self.try_blocks.len() > base {
                let block = self.try_blocks[self.try_blocks.len() - 1];
                let spent = block.state == TryState::Finally || block.state == TryState::Catch && !block.has_finally();
                if !spent {
                    return Some(context);
                }
                self.try_blocks.pop();
            }
            base = self.frames.len().checked_sub(context + 1).map_or(0, |below| self.frames[below].try_base as usize);
        }
        None
    }
}

/// Returns the text of an unhandled exception: a byte string, or the first item of
/// an array if it is a byte string.
fn unhandled_message(exception: &StackItem) -> Option<String> {
    let first;
    let bytes = match exception {
        StackItem::ByteString(bytes) => bytes,
        StackItem::Array(array) | StackItem::Struct(array) => {
            first = array.get(0);
            match &first {
                Some(StackItem::ByteString(bytes)) => bytes,
                _ => return None,
            }
        }
        _ => return None,
    };
    Some(String::from_utf8_lossy(bytes).into_owned())
}
