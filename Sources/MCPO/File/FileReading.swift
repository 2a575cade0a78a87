// Walking through the tree of a file with a table of keys, and collecting all that is wrong.

/// Something wrong in a file.
struct FileFault: Equatable {
    var path: FilePath
    /// Where in the file, in bytes from its start; nil when it is nowhere in particular.
    var offset: Int?
    /// What is wrong and what would be right.
    var message: String
    /// What is allowed, where a value was read and is not.
    var allowance: Allowance?
}

/// A walk through a file.
struct FileReading {
    /// Looks up what `${NAME}` stands for.
    let environment: (String) -> String?
    private(set) var faults: [FileFault] = []
    private(set) var path: FilePath = []

    init(environment: @escaping (String) -> String?) {
        self.environment = environment
    }

    /// Tells of something wrong with the value that is being read.
    mutating func fail(_ offset: Int, _ message: String, _ allowance: Allowance? = nil) {
        faults.append(
            FileFault(path: path, offset: offset, message: message, allowance: allowance))
    }

    mutating func inside(_ step: PathStep, _ body: (inout FileReading) -> Void) {
        path.append(step)
        body(&self)
        path.removeLast()
    }

    /// Forgets what was told since there were this many.
    mutating func forgive(_ count: Int) {
        faults.removeSubrange(count...)
    }
}

// MARK: - Values

extension FileReading {
    /// A value of this form, or nil and what is wrong with it.
    mutating func value<Value>(
        of node: FileNode, _ form: Form<Value>, isSecret: Bool = false
    ) -> Value? {
        guard let node = expanded(node) else { return nil }
        if case .scalar(let scalar) = node.value, let value = form.read(scalar) { return value }
        reject(node, form.allowance, isSecret: isSecret)
        return nil
    }

    /// The strings of an array.
    mutating func strings(_ node: FileNode) -> [String]? {
        guard case .array(let elements) = node.value else {
            reject(node, Allowance(noun: "an array of strings"))
            return nil
        }
        var texts: [String] = []
        for (index, element) in elements.enumerated() {
            inside(.index(index)) { reading in
                reading.string(element).map { texts.append($0) }
            }
        }
        return texts.count == elements.count ? texts : nil
    }

    /// A string with its variables replaced.
    mutating func string(_ node: FileNode) -> String? {
        guard let expanded = expanded(node) else { return nil }
        if case .scalar(let scalar) = expanded.value, let text = scalar.string { return text }
        var fix = ""
        if case .scalar(let scalar) = node.value { fix = "; write \"\(scalar.shown)\"" }
        fail(node.offset, "must be a string, not \(node.kind())\(fix)")
        return nil
    }

    private mutating func reject(
        _ node: FileNode, _ allowance: Allowance, isSecret: Bool = false
    ) {
        var hint = ""
        if case .scalar(let scalar) = node.value, let text = scalar.string {
            hint =
                Spelling.nearest(to: text, in: allowance.words).map {
                    "; did you mean \"\($0)\"?"
                } ?? ""
        }
        fail(
            node.offset,
            "must be \(allowance.text(quotes: true)), not \(node.kind(isSecret: isSecret))\(hint)",
            allowance)
    }

    /// The value with the variables of a string replaced; nil when one of them is not set.
    private mutating func expanded(_ node: FileNode) -> FileNode? {
        guard case .scalar(.string(let text)) = node.value, VariableExpansion.concerns(text) else {
            return node
        }
        do throws(ExpansionFault) {
            let value = try VariableExpansion.expand(text, environment)
            return FileNode(value: .scalar(.text(value, shown: text)), offset: node.offset)
        } catch {
            fail(node.offset, error.message)
            return nil
        }
    }
}

// MARK: - Objects

extension FileReading {
    /// Reads an object by its table of keys.
    /// - Parameter leavesOthers: whether unknown keys are somebody else's.
    mutating func object<Target>(
        _ node: FileNode, into target: inout Target, _ keys: [FileKey<Target>],
        leavesOthers: Bool = false
    ) {
        guard case .object(let all) = node.value else {
            reject(node, Allowance(noun: "an object, {…}"))
            return
        }
        var seen: Set<String> = []
        for member in all {
            let key = keys.first { $0.name == member.name }
            if key == nil, leavesOthers { continue }
            inside(.key(member.name)) { reading in
                if !seen.insert(member.name).inserted {
                    reading.duplicate(member)
                } else if let key {
                    key.read(member.node, &target, &reading)
                } else {
                    reading.unknown(member, keys.map(\.name))
                }
            }
        }
    }

    /// Reads an object whose keys are names.
    mutating func members(
        of node: FileNode, _ read: (FileMember, inout FileReading) -> Void
    ) {
        guard case .object(let members) = node.value else {
            reject(node, Allowance(noun: "an object, {…}"))
            return
        }
        var seen: Set<String> = []
        for member in members {
            inside(.key(member.name)) { reading in
                if seen.insert(member.name).inserted {
                    read(member, &reading)
                } else {
                    reading.duplicate(member)
                }
            }
        }
    }

    mutating func duplicate(_ member: FileMember) {
        fail(member.offset, "is there twice: keep one of them")
    }

    private mutating func unknown(_ member: FileMember, _ names: [String]) {
        let hint = Spelling.nearest(to: member.name, in: names).map { "; did you mean \"\($0)\"?" }
        fail(
            member.offset,
            "is no key of mcpo: allowed are \(names.joined(separator: ", "))\(hint ?? "")")
    }
}
