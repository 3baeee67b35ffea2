// List: a doubly linked list through its elements; it owns nothing and asks for no memory.
#pragma once

#include <cstddef>

#include "chatroom/assert.h"

namespace chatroom::base {

// An element inherits one ListNode per list it can be in, told apart by `Tag`.
template <class Tag = void>
class ListNode {
 public:
  ListNode() noexcept = default;
  ListNode(const ListNode&) = delete;
  ListNode& operator=(const ListNode&) = delete;

  bool linked() const noexcept { return next_ != nullptr; }

 private:
  template <class T, class AnyTag>
  friend class List;
  ListNode* next_ = nullptr;
  ListNode* previous_ = nullptr;
};

template <class T, class Tag = void>
class List final {
  using Node = ListNode<Tag>;

 public:
  List() noexcept { clear_links(); }
  List(const List&) = delete;
  List& operator=(const List&) = delete;

  void push_back(T& element) noexcept { insert_before(end_, element); }
  void push_front(T& element) noexcept { insert_before(*end_.next_, element); }
  // `place` must be in this list.
  void push_before(T& place, T& element) noexcept {
    insert_before(static_cast<Node&>(place), element);
  }
  // Must be in this list.
  void remove(T& element) noexcept {
    Node& node = element;
    CHATROOM_ASSERT(node.linked());
    node.previous_->next_ = node.next_;
    node.next_->previous_ = node.previous_;
    node.next_ = node.previous_ = nullptr;
    --size_;
  }
  // Null when empty.
  T* pop_front() noexcept {
    T* element = front();
    if (element != nullptr) remove(*element);
    return element;
  }
  T* front() const noexcept { return element_or_null(end_.next_); }
  T* back() const noexcept { return element_or_null(end_.previous_); }
  // Null at the end. To remove while walking, take the next first.
  T* next(T& element) const noexcept { return element_or_null(static_cast<Node&>(element).next_); }

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }

 private:
  void clear_links() noexcept { end_.next_ = end_.previous_ = &end_; }
  T* element_or_null(Node* node) const noexcept {
    return node == &end_ ? nullptr : static_cast<T*>(node);
  }
  void insert_before(Node& place, T& element) noexcept {
    Node& node = element;
    CHATROOM_ASSERT(!node.linked());
    node.next_ = &place;
    node.previous_ = place.previous_;
    place.previous_->next_ = &node;
    place.previous_ = &node;
    ++size_;
  }

  Node end_;
  std::size_t size_ = 0;
};

}  // namespace chatroom::base
