#if canImport(Darwin)
    import Darwin

    /// Makes the calling thread one that lets others go first.
    func lowerThreadPriority() {
        pthread_set_qos_class_self_np(QOS_CLASS_UTILITY, 0)
    }
#endif
