//! Objects of the host.

use alloc::{boxed::Box, rc::Rc};
use core::any::Any;

/// An object of the host. It is equal to clones of itself, and to other objects
/// only if it was created by [`Interop::by_value`].
///
/// Source: `Types/InteropInterface.cs`, which leaves equality to the object.
#[derive(Clone)]
pub struct Interop(Rc<Object>);

struct Object {
    value: Box<dyn Any>,
    /// Compares the value with that of another object.
    equals: fn(&dyn Any, &dyn Any) -> bool,
}

impl Drop for Object {
    fn drop(&mut self) {
        let guard = NoUnwind;
        drop(core::mem::replace(&mut self.value, Box::new(())));
        core::mem::forget(guard);
    }
}

/// Ends the process where an object panics when it is dropped or compared, by a
/// second panic: engines do both while they are in pieces.
struct NoUnwind;

impl Drop for NoUnwind {
    fn drop(&mut self) {
        panic!("an object of the host panicked when it was dropped or compared");
    }
}

impl Interop {
    /// Creates an item that holds an object and is equal only to clones of itself.
    /// If the object panics when it is dropped, the process aborts.
    pub fn new(object: impl Any) -> Self {
        Self(Rc::new(Object { value: Box::new(object), equals: |_, _| false }))
    }

    /// Creates an item that is equal to every item created by this function whose
    /// object is of the same type and equal. If the object panics when it is
    /// dropped or compared, the process aborts.
    pub fn by_value<T: Any + Eq>(object: T) -> Self {
        let equals = |a: &dyn Any, b: &dyn Any| a.downcast_ref::<T>().is_some_and(|a| b.downcast_ref() == Some(a));
        Self(Rc::new(Object { value: Box::new(object), equals }))
    }

    /// Returns the object if it is of type `T`.
    pub fn downcast_ref<T: Any>(&self) -> Option<&T> {
        self.0.value.downcast_ref()
    }
}

impl PartialEq for Interop {
    fn eq(&self, other: &Self) -> bool {
        if Rc::ptr_eq(&self.0, &other.0) {
            return true;
        }
        let (object, other) = (&*self.0, &*other.0);
        let guard = NoUnwind;
        // Both sides have a say: an object without an equality of its own is equal to no other.
        let equal = (object.equals)(&*object.value, &*other.value) && (other.equals)(&*other.value, &*object.value);
        core::mem::forget(guard);
        equal
    }
}

impl Eq for Interop {}

impl core::fmt::Debug for Interop {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Interop")
    }
}
