//! Memory of the caller, and what becomes of panics.

use std::{
    mem::MaybeUninit,
    panic::{AssertUnwindSafe, catch_unwind},
    ptr, slice,
};

use crate::abi::{
    NEOVM_ERR_ARGUMENT, NEOVM_ERR_PANIC, NEOVM_ERR_SIZE, NEOVM_MESSAGE_SIZE, NEOVM_OK, neovm_bytes, neovm_message,
};

/// Why a function fails.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) status: i32,
    pub(crate) text: String,
}

impl Failure {
    pub(crate) fn new(status: i32, text: impl ToString) -> Self {
        Self { status, text: text.to_string() }
    }

    pub(crate) fn argument(text: impl ToString) -> Self {
        Self::new(NEOVM_ERR_ARGUMENT, text)
    }
}

/// A status that needs no words.
impl From<i32> for Failure {
    fn from(status: i32) -> Self {
        Self { status, text: String::new() }
    }
}

pub(crate) type Outcome<T = ()> = Result<T, Failure>;

/// Runs the body of an exported function. Nothing of a panic gets out but a status.
pub(crate) fn guard(body: impl FnOnce() -> Outcome) -> i32 {
    caught(body).map_or_else(|failure| failure.status, |()| NEOVM_OK)
}

/// Runs the body of an exported function as [`guard`] does, and writes why it failed.
///
/// # Safety
/// `message` is null, or what it says of its size is true.
pub(crate) unsafe fn guard_with(message: *mut neovm_message, body: impl FnOnce() -> Outcome) -> i32 {
    let Err(failure) = caught(body) else { return NEOVM_OK };
    // SAFETY: the caller's word.
    let _ = unsafe { write_message(message, &failure.text) };
    failure.status
}

fn caught(body: impl FnOnce() -> Outcome) -> Outcome {
    // Each body leaves its objects whole, or marked as unusable.
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| {
        // What a panic carries may itself panic when it is dropped.
        std::mem::forget(panic);
        Err(Failure::new(NEOVM_ERR_PANIC, "a defect of the library, please report it"))
    })
}

/// Checks that a member is zero which has no meaning yet, so that it can be given one.
pub(crate) fn check_reserved(member: u32) -> Outcome {
    if member == 0 { Ok(()) } else { Err(Failure::argument("a reserved member is not 0")) }
}

/// A struct that begins with its size.
///
/// # Safety
/// The type is `repr(C)`, its first member is a `usize`, and any bytes are one. `FIRST` is
/// not less than the size of a `usize` and not more than the size of the type.
pub(crate) unsafe trait Versioned: Copy {
    /// The size that the struct had in its first version, without padding at its end.
    const FIRST: usize;
}

/// More than any version of a struct will have.
const MAX_STRUCT: usize = 1 << 14;

/// Reads a struct of the caller. Members that the caller does not know are zero.
///
/// # Safety
/// If `pointer` is not null, what the struct says of its size is true.
pub(crate) unsafe fn read<T: Versioned>(pointer: *const T) -> Outcome<T> {
    // SAFETY: the caller's word.
    let size = unsafe { size_of_struct(pointer)? };
    let known = size.min(size_of::<T>());
    let mut value = MaybeUninit::<T>::zeroed();
    // SAFETY: `known` bytes are there, and fit; by the trait any bytes are a `T`.
    let value = unsafe {
        ptr::copy_nonoverlapping(pointer.cast::<u8>(), value.as_mut_ptr().cast(), known);
        value.assume_init()
    };
    // SAFETY: the struct has `size` bytes. Those behind `known` are members that this library does not know.
    let unknown = unsafe { slice::from_raw_parts(pointer.cast::<u8>().add(known), size - known) };
    if unknown.iter().any(|byte| *byte != 0) {
        return Err(Failure::new(NEOVM_ERR_SIZE, "a struct has members that this library does not know"));
    }
    Ok(value)
}

/// Reads a struct that may be missing: then all of it is zero.
///
/// # Safety
/// That of [`read`].
pub(crate) unsafe fn read_or_zero<T: Versioned>(pointer: *const T) -> Outcome<T> {
    if pointer.is_null() {
        // SAFETY: by the trait zeros are a `T`.
        return Ok(unsafe { MaybeUninit::zeroed().assume_init() });
    }
    // SAFETY: the caller's word.
    unsafe { read(pointer) }
}

/// Writes a struct of the caller, as far as the caller knows it. Its size stays.
///
/// # Safety
/// That of [`read`], and the memory can be written.
pub(crate) unsafe fn write<T: Versioned>(pointer: *mut T, value: &T) -> Outcome {
    // SAFETY: the caller's word.
    let size = unsafe { size_of_struct(pointer)? };
    let known = size.min(size_of::<T>()) - size_of::<usize>();
    // SAFETY: that many bytes are there behind the size, in both.
    unsafe {
        let from = ptr::from_ref(value).cast::<u8>().add(size_of::<usize>());
        ptr::copy_nonoverlapping(from, pointer.cast::<u8>().add(size_of::<usize>()), known);
    }
    Ok(())
}

/// # Safety
/// That of [`read`].
unsafe fn size_of_struct<T: Versioned>(pointer: *const T) -> Outcome<usize> {
    check(pointer)?;
    // SAFETY: it is not null, aligned, and begins with its size.
    let size = unsafe { pointer.cast::<usize>().read() };
    if !(T::FIRST..=MAX_STRUCT).contains(&size) {
        let text = format!("a struct says that it has {size} bytes; its first version has {}", T::FIRST);
        return Err(Failure::new(NEOVM_ERR_SIZE, text));
    }
    Ok(size)
}

/// Checks that a pointer is neither null nor misaligned.
pub(crate) fn check<T>(pointer: *const T) -> Outcome {
    if pointer.is_null() {
        return Err(Failure::argument("a pointer is null"));
    }
    if !pointer.is_aligned() {
        return Err(Failure::argument("a pointer is not aligned"));
    }
    Ok(())
}

/// Checks that a list can be where a pointer leads: anywhere, if it is empty.
pub(crate) fn check_list<T>(pointer: *const T, count: usize) -> Outcome {
    if count == 0 { Ok(()) } else { check(pointer) }
}

/// Writes a result of a function.
///
/// # Safety
/// If `pointer` is not null, a `T` can be written there.
pub(crate) unsafe fn put<T>(pointer: *mut T, value: T) -> Outcome {
    check(pointer)?;
    // SAFETY: the caller's word.
    unsafe { pointer.write(value) };
    Ok(())
}

/// Reads a list of the caller.
///
/// # Safety
/// If `pointer` is not null, `count` items are there, which do not change while they are
/// borrowed.
pub(crate) unsafe fn list<'a, T>(pointer: *const T, count: usize) -> Outcome<&'a [T]> {
    if count == 0 {
        return Ok(&[]);
    }
    check(pointer)?;
    if count > isize::MAX as usize / size_of::<T>().max(1) {
        return Err(Failure::argument("a list is longer than any memory"));
    }
    // SAFETY: the caller's word.
    Ok(unsafe { slice::from_raw_parts(pointer, count) })
}

/// Reads bytes of the caller.
///
/// # Safety
/// That of [`list`].
pub(crate) unsafe fn bytes<'a>(bytes: neovm_bytes) -> Outcome<&'a [u8]> {
    // SAFETY: the caller's word.
    unsafe { list(bytes.data, bytes.length) }
}

/// # Safety
/// That of [`guard_with`].
unsafe fn write_message(message: *mut neovm_message, text: &str) -> Outcome {
    let room = NEOVM_MESSAGE_SIZE - 1;
    let end = (0..=room.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    let mut value = neovm_message { size: 0, length: end, text: [0; NEOVM_MESSAGE_SIZE] };
    for (place, byte) in value.text.iter_mut().zip(&text.as_bytes()[..end]) {
        *place = *byte as _;
    }
    // SAFETY: the caller's word.
    unsafe { write(message, &value) }
}
