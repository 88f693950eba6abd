//! How a process uses memory.

/// What a request needs is allocated on one thread and freed on another: the system's allocator makes
/// them wait for each other there, more than once a request.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Keeps the kernel from giving pages of 2 MiB where a few KiB are needed: that makes nothing here
/// faster, and a quiet process half as large again. To be called before anything else.
pub fn use_small_pages() {
    #[cfg(target_os = "linux")]
    // Where it is not allowed the process is larger, and works.
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}
