// Keys of objects that mcpo reads: what each is called, what it may be, and which property it sets.
// The tables made of them, in ConfigurationKeys.swift, are the one place where keys are listed.

/// One key of an object that fills in a `Target`.
struct FileKey<Target> {
    let name: String
    /// Takes the key's value into the target; what is wrong with it is told to the reading.
    let read: (FileNode, inout Target, inout FileReading) -> Void
    /// What the target has there, for people: none where nothing was said.
    let show: (Target) -> [ShownValue]
}

/// A value of a configuration, for people.
struct ShownValue: Equatable {
    /// Keys below the target's own.
    var path: [String]
    var text: String
    /// Whether only its being there may be shown.
    var isSecret = false

    fileprivate func below(_ key: String) -> ShownValue {
        ShownValue(path: [key] + path, text: text, isSecret: isSecret)
    }
}

extension FileKey {
    /// A value without parts.
    static func value<Value>(
        _ name: String, _ property: WritableKeyPath<Target, Value>, _ form: Form<Value>
    ) -> FileKey {
        FileKey(
            name: name,
            read: { node, target, reading in
                if let value = reading.value(of: node, form) { target[keyPath: property] = value }
            }, show: { [ShownValue(path: [name], text: form.text($0[keyPath: property]))] })
    }

    /// A value without parts that need not be there.
    static func value<Value>(
        _ name: String, _ property: WritableKeyPath<Target, Value?>, _ form: Form<Value>,
        isSecret: Bool = false
    ) -> FileKey {
        FileKey(
            name: name,
            read: { node, target, reading in
                if let value = reading.value(of: node, form, isSecret: isSecret) {
                    target[keyPath: property] = value
                }
            },
            show: { target in
                target[keyPath: property].map {
                    [ShownValue(path: [name], text: form.text($0), isSecret: isSecret)]
                } ?? []
            })
    }

    /// An array of strings.
    static func strings(
        _ name: String, _ property: WritableKeyPath<Target, [String]?>
    ) -> FileKey {
        FileKey(
            name: name,
            read: { node, target, reading in
                if let texts = reading.strings(node) { target[keyPath: property] = texts }
            },
            show: { target in
                target[keyPath: property].map { [ShownValue(path: [name], text: list($0))] } ?? []
            })
    }

    // The keys of an object are made when they are needed: an option needs one or two of them.

    /// An object. Its keys may set properties of the target itself: `property` is `\.self` then.
    static func object<Inner>(
        _ name: String, _ property: WritableKeyPath<Target, Inner>,
        _ keys: @escaping @autoclosure () -> [FileKey<Inner>]
    ) -> FileKey {
        FileKey(
            name: name,
            read: { node, target, reading in
                reading.object(node, into: &target[keyPath: property], keys())
            }, show: { target in keys().show(target[keyPath: property], below: name) })
    }

    /// An object that need not be there.
    /// - Parameter start: what its keys fill in where nothing was before.
    static func object<Inner>(
        _ name: String, _ property: WritableKeyPath<Target, Inner?>, from start: Inner,
        _ keys: @escaping @autoclosure () -> [FileKey<Inner>]
    ) -> FileKey {
        FileKey(
            name: name,
            read: { node, target, reading in
                var inner = target[keyPath: property] ?? start
                reading.object(node, into: &inner, keys())
                target[keyPath: property] = inner
            },
            show: { target in
                target[keyPath: property].map { keys().show($0, below: name) } ?? []
            })
    }

    /// An object whose keys are names of objects.
    static func objects<Inner>(
        _ name: String, _ property: WritableKeyPath<Target, [String: Inner]>, from start: Inner,
        _ keys: @escaping @autoclosure () -> [FileKey<Inner>]
    ) -> FileKey {
        FileKey(
            name: name,
            read: { node, target, reading in
                reading.members(of: node) { member, reading in
                    var inner = start
                    reading.object(member.node, into: &inner, keys())
                    target[keyPath: property][member.name] = inner
                }
            },
            show: { target in
                target[keyPath: property].sorted { $0.key < $1.key }.flatMap { key, inner in
                    keys().show(inner, below: key).map { $0.below(name) }
                }
            })
    }

    private static func list(_ texts: [String]) -> String {
        "[" + texts.map { "\"\($0)\"" }.joined(separator: ", ") + "]"
    }
}

extension Array {
    /// Every value that the keys set.
    func show<Target>(_ target: Target) -> [ShownValue] where Element == FileKey<Target> {
        flatMap { $0.show(target) }
    }

    fileprivate func show<Target>(
        _ target: Target, below key: String
    ) -> [ShownValue] where Element == FileKey<Target> {
        show(target).map { $0.below(key) }
    }
}
