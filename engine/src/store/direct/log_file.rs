//! SQLite's files as the system has them, but for the log: what a transaction writes to it is
//! [gathered](super::gather) and goes out in one call.
//!
//! SQLite reaches files through tables of functions. Ours makes every file by the system's, which for all but
//! the log then is what SQLite gets. A log is one of ours with the system's behind it in the same memory.
//!
//! Invariant: nothing waits here once the last page of its transaction was written, so that a commit has failed
//! wherever its log could not be written, and whoever reads the file finds what SQLite wrote.
#![expect(unsafe_code, reason = "SQLite calls these functions, and is called, through pointers")]

use std::ffi::{CStr, c_int, c_void};
use std::ptr;
use std::sync::OnceLock;

use rusqlite::ffi;

use super::gather::Gathered;

/// What SQLite knows these files by.
const NAME: &CStr = c"sluice";

/// SQLite's own function for the system's files takes no more than 128 KiB by one call, and says otherwise that
/// the disk is full.
const AT_ONCE: usize = 64 * 1024;

/// In the memory that SQLite has for a file; the system's own comes after it.
#[repr(C)]
struct LogFile {
    base: ffi::sqlite3_file,
    gathered: *mut Gathered,
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    // The first: what came later is about files that are mapped, which no log is.
    iVersion: 1,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: None,
    xShmLock: None,
    xShmBarrier: None,
    xShmUnmap: None,
    xFetch: None,
    xUnfetch: None,
};

/// The system's table, by its address.
static SYSTEM: OnceLock<usize> = OnceLock::new();

/// The name by which a connection asks for these files; nothing where SQLite has none of its own.
pub(super) fn name() -> Option<&'static CStr> {
    static MADE: OnceLock<bool> = OnceLock::new();
    MADE.get_or_init(make).then_some(NAME)
}

fn make() -> bool {
    // SAFETY: the table that SQLite finds is never freed. Ours is a copy of it that is not either; all its
    // functions but one are the system's, which take from it what they put there.
    unsafe {
        let system = ffi::sqlite3_vfs_find(ptr::null());
        if system.is_null() {
            return false;
        }
        let _first = SYSTEM.set(system as usize);
        let mut ours = Box::new(ptr::read(system));
        ours.zName = NAME.as_ptr();
        ours.pNext = ptr::null_mut();
        ours.szOsFile += size_of::<LogFile>() as c_int;
        ours.xOpen = Some(open);
        ffi::sqlite3_vfs_register(Box::into_raw(ours), 0) == ffi::SQLITE_OK
    }
}

unsafe extern "C" fn open(
    _ours: *mut ffi::sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    let system = SYSTEM.get().map_or(ptr::null_mut(), |at| *at as *mut ffi::sqlite3_vfs);
    // SAFETY: SQLite gives room for our file and the system's behind it. The system's function gets its own
    // table and a place for its own file.
    unsafe {
        let Some(open) = (*system).xOpen else { return ffi::SQLITE_CANTOPEN };
        if flags & ffi::SQLITE_OPEN_WAL == 0 {
            return open(system, name, file, flags, out);
        }
        (*file).pMethods = ptr::null();
        let opened = open(system, name, behind(file), flags, out);
        if opened == ffi::SQLITE_OK {
            let log = file.cast::<LogFile>();
            (*log).gathered = Box::into_raw(Box::default());
            (*log).base.pMethods = &raw const METHODS;
        }
        opened
    }
}

/// The system's own file.
unsafe fn behind(file: *mut ffi::sqlite3_file) -> *mut ffi::sqlite3_file {
    // SAFETY: there is room for it behind ours.
    unsafe { file.cast::<LogFile>().add(1).cast() }
}

/// Calls the system's function for what stands behind the file.
macro_rules! system {
    ($file:ident, $function:ident $(, $argument:expr)*) => {{
        // SAFETY: a file of ours is only known once that behind it is open, and until both are closed.
        unsafe {
            let behind = behind($file);
            match (*(*behind).pMethods).$function {
                Some(function) => function(behind $(, $argument)*),
                None => ffi::SQLITE_IOERR,
            }
        }
    }};
}

/// The same once all that waits was written.
macro_rules! system_after_all {
    ($file:ident, $function:ident $(, $argument:expr)*) => {{
        match write_out($file) {
            ffi::SQLITE_OK => system!($file, $function $(, $argument)*),
            failed => failed,
        }
    }};
}

fn gathered<'f>(file: *mut ffi::sqlite3_file) -> &'f mut Gathered {
    // SAFETY: made when the file was opened, freed when it is closed; SQLite uses a file from one thread at a
    // time, and no function here keeps it.
    unsafe { &mut *(*file.cast::<LogFile>()).gathered }
}

fn write_out(file: *mut ffi::sqlite3_file) -> c_int {
    let gathered = gathered(file);
    if gathered.bytes.is_empty() {
        return ffi::SQLITE_OK;
    }
    let mut written = ffi::SQLITE_OK;
    let mut at = gathered.at;
    for part in gathered.bytes.chunks(AT_ONCE) {
        let length = part.len() as c_int;
        written = system!(file, xWrite, part.as_ptr().cast::<c_void>(), length, at);
        if written != ffi::SQLITE_OK {
            break;
        }
        at += part.len() as i64;
    }
    // Where it failed the transaction has, and writes anew from its beginning.
    gathered.clear();
    written
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    bytes: *const c_void,
    length: c_int,
    at: i64,
) -> c_int {
    if gathered(file).is_apart(at) {
        let written = write_out(file);
        if written != ffi::SQLITE_OK {
            return written;
        }
    }
    // SAFETY: SQLite says how many bytes there are.
    let bytes = unsafe { std::slice::from_raw_parts(bytes.cast::<u8>(), length as usize) };
    match gathered(file).take(bytes, at) {
        true => write_out(file),
        false => ffi::SQLITE_OK,
    }
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    let written = write_out(file);
    let closed = system!(file, xClose);
    // SAFETY: made when the file was opened, and nobody uses the file after this.
    drop(unsafe { Box::from_raw((*file.cast::<LogFile>()).gathered) });
    if written == ffi::SQLITE_OK { closed } else { written }
}

unsafe extern "C" fn read(
    file: *mut ffi::sqlite3_file,
    into: *mut c_void,
    length: c_int,
    at: i64,
) -> c_int {
    let read = system_after_all!(file, xRead, into, length, at);
    gathered(file).reads(at);
    read
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, size: i64) -> c_int {
    system_after_all!(file, xTruncate, size)
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, flags: c_int) -> c_int {
    system_after_all!(file, xSync, flags)
}

unsafe extern "C" fn file_size(file: *mut ffi::sqlite3_file, size: *mut i64) -> c_int {
    system_after_all!(file, xFileSize, size)
}

unsafe extern "C" fn file_control(
    file: *mut ffi::sqlite3_file,
    what: c_int,
    about: *mut c_void,
) -> c_int {
    system_after_all!(file, xFileControl, what, about)
}

unsafe extern "C" fn lock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    system!(file, xLock, level)
}

unsafe extern "C" fn unlock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    system!(file, xUnlock, level)
}

unsafe extern "C" fn check_reserved_lock(file: *mut ffi::sqlite3_file, is: *mut c_int) -> c_int {
    system!(file, xCheckReservedLock, is)
}

unsafe extern "C" fn sector_size(file: *mut ffi::sqlite3_file) -> c_int {
    system!(file, xSectorSize)
}

unsafe extern "C" fn device_characteristics(file: *mut ffi::sqlite3_file) -> c_int {
    system!(file, xDeviceCharacteristics)
}
