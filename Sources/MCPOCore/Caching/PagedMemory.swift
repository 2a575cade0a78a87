// An array that grows by a page at a time and never moves: no growth copies what is there already,
// which at a million entries would stop everything for milliseconds. Only the directory of pages
// does, which is hundreds of times shorter.
//
//     of 256 elements       directory ▶ [0] ▶ elements 0…255
//     3 pages                           [1] ▶ elements 256…511
//                                       [2] ▶ elements 512…767       pointer(600): page 2, place 88
//
// Like an unsafe pointer it leaves it to its owner what is initialised.

/// Memory for elements, in pages.
struct PagedMemory<Element>: ~Copyable {
    private static var firstDirectory: Int { 16 }

    private let shift: Int
    private var pages: UnsafeMutablePointer<UnsafeMutablePointer<Element>>
    private var directorySize = Self.firstDirectory
    private(set) var pageCount = 0

    /// - Parameter shift: pages have 2^`shift` elements.
    init(shift: Int) {
        self.shift = shift
        pages = .allocate(capacity: Self.firstDirectory)
    }

    deinit {
        for page in 0..<pageCount { pages[page].deallocate() }
        pages.deallocate()
    }

    /// Elements of a page.
    var pageSize: Int { 1 << shift }

    /// Elements that there is memory for.
    var capacity: Int { pageCount << shift }

    /// Where an element below `capacity` is.
    @inline(__always)
    func pointer(_ index: Int) -> UnsafeMutablePointer<Element> {
        pages[index &>> shift] + (index & (pageSize &- 1))
    }

    /// Adds a page and returns it, not initialised.
    @discardableResult
    mutating func addPage() -> UnsafeMutablePointer<Element> {
        if pageCount == directorySize {
            let old = pages
            directorySize *= 2
            pages = .allocate(capacity: directorySize)
            pages.moveInitialize(from: old, count: pageCount)
            old.deallocate()
        }
        let page = UnsafeMutablePointer<Element>.allocate(capacity: pageSize)
        pages[pageCount] = page
        pageCount += 1
        return page
    }

    /// Gives back the last page when it is not needed for the first `count` elements, nor the page
    /// before it: one is kept to spare, so that a count that sways does not call malloc each time.
    mutating func trim(to count: Int) {
        guard count <= capacity - 2 * pageSize else { return }
        pageCount -= 1
        pages[pageCount].deallocate()
    }
}
